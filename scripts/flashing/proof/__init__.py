"""What scripts/flashing/boot-proof is made of.

system   a Debian for 64-bit ARM with cloud-init, and an image of it as on a Raspberry Pi's card
machine  the emulated board, started from that image as the firmware would
bot_api  a stand-in for Telegram on this computer's loopback
checks   what must be true, asked over ssh and on the image itself
agent    the agent's stand-in, run on the board
"""
