#!/bin/sh
# What an agent leaves behind that nobody can ask to go: in a session of its own, deaf to all
# signals that can be ignored.
trap '' TERM INT HUP
while :; do sleep 1; done
