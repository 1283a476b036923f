#!/usr/bin/env bash
# Remakes the pictures of this folder from the running program: `Screenshots/take.sh`. Debian needs
# xvfb xauth xterm tmux imagemagick xdotool fonts-jetbrains-mono.
#
# The program runs in a tmux session, a terminal emulator shows the session, and the emulator's
# window is photographed: a picture cannot show what the program did not draw.
set -euo pipefail
cd "$(dirname "$0")/.."
# One display for all pictures.
[ -n "${DISPLAY:-}" ] || exec xvfb-run -a -s "-screen 0 2200x1400x24" "$PWD/Screenshots/take.sh"
swift build --product fettle >/dev/null
program="$PWD/$(swift build --product fettle --show-bin-path | sed "s|^$PWD/||")/fettle"
work=$(mktemp -d)
socket="shots-$$"
sessions=0
trap 'tmux -L "$socket" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

session() { # columns rows [variable=value…]
  tmux -L "$socket" kill-server 2>/dev/null || true
  # A server that is still on its way out would take the next session with it.
  sessions=$((sessions + 1))
  socket="shots-$$-$sessions"
  tmux -L "$socket" -f /dev/null new-session -d -x "$1" -y "$2" -s t \
    "exec env LC_ALL=C.UTF-8 TZ=UTC TMPDIR=$work ${*:3} $program demo --now 2026-09-21T14:05:00Z"
  tmux -L "$socket" set -g status off
  tmux -L "$socket" set -s escape-time 0
  until_shown "open"
}

keys() { tmux -L "$socket" send-keys -t t "$@"; }

until_shown() {
  for _ in $(seq 200); do
    tmux -L "$socket" capture-pane -p -t t | grep -qF -- "$1" && return
    sleep 0.05
  done
  echo "\"$1\" did not come" >&2
  tmux -L "$socket" capture-pane -p -t t >&2
  exit 1
}

shot() { # name columns rows [text key…]
  # With a text, the keys are pressed when the emulator shows the session, and the picture is taken
  # as soon as the text is there: for what does not wait to be photographed.
  shot_text=${4:-} shot_keys=${*:5} bash -c '
    xterm -T shot -geometry "$3x$4" -fa "JetBrains Mono" -fs 12 -u8 +sb -b 10 -bw 0 +bc \
      -xrm "*boldColors:false" -xrm "*termName:xterm-256color" \
      -xrm "*background:#11151c" -xrm "*foreground:#d6dbe5" -xrm "*color0:#11151c" \
      -xrm "*color1:#f0616d" -xrm "*color2:#7ec87e" -xrm "*color3:#e0b84c" \
      -xrm "*color4:#6aa6f8" -xrm "*color5:#c792ea" -xrm "*color6:#5fc9c9" \
      -xrm "*color7:#d6dbe5" -xrm "*color8:#6b7486" -e tmux -L "$1" attach -t t &
    terminal=$!
    window=
    for _ in $(seq 100); do
      window=$(xdotool search --name "^shot$" | tail -1) && [ -n "$window" ] && break
      sleep 0.1
    done
    sleep 1.5
    if [ -n "$shot_text" ]; then
      tmux -L "$1" send-keys -t t $shot_keys
      for _ in $(seq 200); do
        tmux -L "$1" capture-pane -p -t t | grep -qF -- "$shot_text" && break
        sleep 0.02
      done
      sleep 0.15
    fi
    import -window "$window" -depth 8 "$2"
    # One that is asked to end may wait for its session, which goes on.
    kill -KILL "$terminal"
    wait "$terminal" 2>/dev/null || true
  ' shot "$socket" "Screenshots/$1.png" "$2" "$3"
  echo "Screenshots/$1.png"
}

session 100 28
shot list 100 28
keys b
until_shown "causes"
shot groups 100 28
keys Escape
until_shown "Create customer"
keys Enter
until_shown "<< FAILED"
shot detail 100 28
keys e
until_shown "Enter keep"
keys -l "ada@example.org"
until_shown "ada@example.org"
shot editor 100 28
keys Enter
until_shown '"ada@example.org"'
keys r
until_shown "Will run"
shot resume-check 100 28
keys Enter
until_shown "resolved in"
keys Escape
until_shown "1 open"
keys "*" R
until_shown "Resume these"
shot bulk-progress 100 28 "4/5" y
until_shown "over"

session 140 45
until_shown "CHAIN"
shot workbench 140 45
keys Enter
until_shown "<< FAILED"
keys c
shot detail-wide 140 45

session 40 10
shot list-40x10 40 10

session 100 28 NO_COLOR=1
keys Enter
until_shown "<< FAILED"
shot detail-mono 100 28
