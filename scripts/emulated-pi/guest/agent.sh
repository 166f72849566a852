#!/bin/sh
# The agent on an emulated board: replays recorded runs of the real one (tests/corpus).
#
# Speaks Claude Code's stream-json as far as a bridge can tell: reads the prompt from stdin, prints
# recorded lines, hears the interrupt on stdin. The prompt's text says which run:
#
#   answer    a whole recorded run with an answer, a second before each line
#   fail      the same with one that ended in an error
#   work      a tool call that never ends, until it is asked to stop
#   stubborn  the same, but deaf to the request and to SIGINT, with a child in a session of its
#             own that is deaf to SIGTERM too
#
# What it does when goes into the kernel's trace as "agent …", with the guest's time.
# /opt/runs holds the recordings; /tmp/starts and /tmp/argv get a line with every start.
mark() { echo "agent $*" >/sys/kernel/tracing/trace_marker; }

replay() {
  while read -r line; do
    sleep 1
    printf '%s\n' "$line"
  done <"/opt/runs/$1"
}

read -r prompt
mark started
case $prompt in
  *'"stubborn'*) kind=stubborn ;;
  *'"work'*) kind=work ;;
  *'"fail'*) kind=fail ;;
  *) kind=answer ;;
esac
echo "$kind" >>/tmp/starts
echo "$*" >>/tmp/argv

case $kind in
  answer | fail)
    replay "$kind"
    # As the real one: it ends when its stdin does.
    while read -r line; do :; done
    exit 0
    ;;
  stubborn)
    trap '' INT
    setsid /opt/grandchild &
    ;;
esac

head -n 2 /opt/runs/interrupted
mark working
while read -r line; do
  case $line in
    *'"interrupt"'*)
      mark interrupted
      [ $kind = stubborn ] || break
      ;;
  esac
done
# Deaf: not even the end of stdin is a reason to go.
while [ $kind = stubborn ]; do sleep 1; done
tail -n 3 /opt/runs/interrupted
while read -r line; do :; done
