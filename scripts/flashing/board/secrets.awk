# What take-over does with the lines of pigent.env. One place knows what a secret is.
#
# -v mode=merge  the settings as plain lines; a blank secret is replaced by the one kept
#         names  the names of all settings, on one line
#         fault  what is wrong with the first line that pigent could not read as it is meant
#         kept   ends with 0 if every secret of these lines is in the files that keep them
#         blank  the lines as they were written, but without secrets
#         clean  any text, without what looks like a bot token
# -v token=FILE -v settings=FILE  where the token and the other settings are kept
#
# Nothing is ever in an argument but the names of files. Plain POSIX awk (mawk on the board), with
# LC_ALL=C: characters are bytes.

function secret(name) { return name ~ /_(TOKEN|KEY|SECRET|PASSWORD)$/ }

# The name that a line sets, commented out or not; "" if it sets none.
function name_of(line) {
  if (!index(line, "=")) return ""
  sub(/=.*/, "", line)
  gsub(/^[ \t#]*/, "", line)
  sub(/^export[ \t]+/, "", line)
  sub(/[ \t]+$/, "", line)
  return line ~ /^[A-Za-z_][A-Za-z0-9_]*$/ ? line : ""
}

# Reads a line's value as pigent does, and refuses what flashing/dotenv.py refuses: sets `value`,
# `plain` (the same as it was written, without the comment after it) and `fault` ("" if none).
function read_value(line, at, size, char, quote, escaped, bare) {
  sub(/^[^=]*=[ \t]*/, "", line)
  sub(/[ \t]+$/, "", line)
  value = fault = quote = bare = ""
  escaped = 0
  plain = line ~ /^#/ ? "" : line
  size = length(plain)
  for (at = 1; at <= size && fault == ""; at++) {
    char = substr(plain, at, 1)
    if (quote == "'" && char != "'") {
      value = value char
      # Nothing is escaped in here, but where a line ends is found as if it were.
      escaped = char == "\\" && !escaped
    } else if (escaped) {
      if (quote == "'" || !index("\\'\"$ ", char)) fault = backslash
      value = value char
      escaped = 0
    } else if (char == quote) quote = ""
    else if (char == "\\") escaped = 1
    else if (char == "$") fault = dollar
    else if (quote == "" && (char == "'" || char == "\"")) quote = char
    else if (quote == "" && (char == " " || char == "\t")) {
      if (substr(plain, at) !~ /^[ \t]+#/) fault = space
      else { plain = substr(plain, 1, at - 1); size = at }
    } else {
      value = value char
      # Bytes on both sides of a quote are not one character.
      bare = bare (quote == "" ? char : ".")
    }
  }
  if (fault == "" && quote != "") fault = unclosed
  if (fault == "" && escaped) fault = backslash
  # Within quotes it may be meant, but not around everything else.
  if (fault == "" && (bare ~ odd || value ~ ("^" odd) || value ~ (odd "$"))) fault = white
}

# pigent takes blanks for no part of the token, quoted or not.
function without_blanks(value) {
  gsub(/^[ \t]+|[ \t]+$/, "", value)
  return value
}

function empty(value) { return value ~ /^[ \t]*$/ }

# What looks like a bot token, wherever it stands: 30 is far less than any has.
function without_tokens(line, rest, done) {
  rest = line
  done = ""
  while (match(rest, /[0-9]+:[A-Za-z0-9_-]+/)) {
    done = done substr(rest, 1, RSTART - 1)
    if (RLENGTH < 30) done = done substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
  }
  return done rest
}

# pigent quotes what it keeps so that systemd and itself read it: it is given back as it stands.
function read_kept(line, name) {
  if ((getline line < token) > 0 && !empty(line)) {
    kept["TELEGRAM_BOT_TOKEN"] = line
    as_kept["TELEGRAM_BOT_TOKEN"] = "'" line "'"
  }
  while ((getline line < settings) > 0) {
    name = name_of(line)
    if (line ~ /^[ \t]*#/ || !secret(name)) continue
    read_value(line)
    kept[name] = value
    as_kept[name] = plain
  }
}

BEGIN {
  space = "has a space outside quotes"
  unclosed = "has a quote that is not closed"
  dollar = "has a $ that would be taken for a variable"
  white = "has white space that is no space (from a web page?), type it anew"
  # In UTF-8: what dotenv.py lists.
  odd = "([\013-\015\034-\037]|\302[\205\240]|\341\232\200|\342\201\237|\343\200\200|" \
    "\342\200[\200-\212\250\251\257])"
  backslash = "has a \\ that stands for nothing"
  note = "# This is kept on the board now. To change it, write the new one here and start again."
  if (mode == "merge" || mode == "kept") read_kept()
  wrong = 0
}

NR == 1 { sub(/^\357\273\277/, "") }

{
  end = sub(/\r$/, "") ? "\r" : ""
  name = name_of($0)
  comment = $0 ~ /^[ \t]*(#|$)/
  read_value($0)
  # The last one counts, as it does for pigent.
  if (!comment && name != "" && !empty(value))
    given[name] = name == "TELEGRAM_BOT_TOKEN" ? without_blanks(value) : value
}

mode == "clean" { print without_tokens($0) }

mode == "blank" {
  if (secret(name) && (fault != "" || !empty(value))) {
    if (before != note && !comment) print note end
    sub(/=.*/, "=")
  }
  $0 = without_tokens($0)
  print $0 end
  before = $0
}

mode == "names" && !comment && name != "" { printf "%s%s", (count++ ? ", " : ""), name }

mode == "fault" && !comment && name == "" {
  print "line " NR " cannot be read: write NAME=value"
  exit
}

mode == "fault" && !comment && fault != "" {
  quotes = index($0, "'") ? "\"…\" with a \\ before every \\, \" and $ in it" : "'…'"
  print "line " NR ": " name " " fault ": write " name "=" quotes
  exit
}

mode == "merge" && !comment && name != "" {
  if (secret(name) && empty(value)) blank[name] = 1
  else print name "=" plain
}

END {
  if (mode == "names") print ""
  if (mode == "kept") {
    for (name in given) if (secret(name) && given[name] != kept[name]) wrong = 1
  }
  if (mode == "merge") {
    blank["TELEGRAM_BOT_TOKEN"] = 1
    for (name in blank) if (!(name in given) && kept[name] != "") print name "=" as_kept[name]
  }
  exit wrong
}
