# What take-over does with the lines of pigent.env. One place knows what a secret is.
#
# -v mode=merge  the settings as plain lines; a blank secret is replaced by the one kept
#         names  the names of all settings, on one line
#         kept   ends with 0 if every secret of these lines is in the files that keep them
#         blank  the lines as they were written, but without secrets
#         clean  any text, without what looks like a bot token
# -v token=FILE -v settings=FILE  where the token and the other settings are kept
#
# Nothing is ever in an argument but the names of files. Plain POSIX awk (mawk on the board).

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

function value_of(line) {
  sub(/^[^=]*=[ \t]*/, "", line)
  sub(/[ \t]+$/, "", line)
  if (line ~ /^".*"$/ || line ~ /^'.*'$/) line = substr(line, 2, length(line) - 2)
  return line
}

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

function read_kept(line, name) {
  if ((getline line < token) > 0) kept["TELEGRAM_BOT_TOKEN"] = value_of("=" line)
  while ((getline line < settings) > 0) {
    name = name_of(line)
    if (line !~ /^[ \t]*#/ && secret(name)) kept[name] = value_of(line)
  }
}

BEGIN {
  note = "# This is kept on the board now. To change it, write the new one here and start again."
  if (mode == "merge" || mode == "kept") read_kept()
  wrong = 0
}

NR == 1 { sub(/^\357\273\277/, "") }

{
  end = sub(/\r$/, "") ? "\r" : ""
  name = name_of($0)
  comment = $0 ~ /^[ \t]*(#|$)/
}

mode == "clean" { print without_tokens($0) }

mode == "blank" {
  if (secret(name) && value_of($0) != "") {
    if (before != note && !comment) print note end
    sub(/=.*/, "=")
  }
  $0 = without_tokens($0)
  print $0 end
  before = $0
}

mode == "names" && !comment && name != "" { printf "%s%s", (count++ ? ", " : ""), name }

mode == "kept" && !comment && secret(name) && value_of($0) != kept[name] { wrong = 1 }

mode == "merge" && !comment {
  if (secret(name) && value_of($0) == "") blank[name] = 1
  else if (name == "") print # pigent says what is wrong with it
  else {
    sub(/^[^=]*=[ \t]*/, "")
    sub(/[ \t]+$/, "")
    print name "=" $0
    $0 = "=" $0
  }
  if (name == "TELEGRAM_BOT_TOKEN" && value_of($0) != "") given = 1
}

END {
  if (mode == "names") print ""
  if (mode == "merge") {
    if (!given) blank["TELEGRAM_BOT_TOKEN"] = 1
    for (name in blank) {
      quote = index(kept[name], "'") ? "" : "'"
      if (kept[name] != "") print name "=" quote kept[name] quote
    }
  }
  exit wrong
}
