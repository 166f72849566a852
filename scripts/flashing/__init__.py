"""What scripts/flash is made of. Python 3.9 or later, nothing beyond its standard library.

command      the arguments, and the order of things
options      what was typed on the command line, checked
envfile      pigent.env as a person wrote it, checked
dotenv       one value of it, as pigent reads it
binary       which machine a pigent is for
image        an image file: unpacking, the partition table
partition    the boot partition: a folder, or the FAT inside an image (by mtools)
preparation  what has to be on the boot partition: pure, from what is there and what is wanted
cloudinit    the texts for images with cloud-init
firstrun     the texts for older ones
cmdline      the words of cmdline.txt
disks        which devices may be written to at all
card         writing an image onto a device
errors       what a person did wrong

board/       what runs on the board itself
"""
