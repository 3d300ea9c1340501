# shellcheck shell=bash
# JSON whatever the strings are: quotes, control characters, bytes that are no UTF-8.

# What is UTF-8, byte by byte (RFC 3629).
readonly UTF8=$'^([\x01-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*$'

# json_string TEXT: with its quotes.
json_string() {
  local LC_ALL=C text=$1 i byte code valid=
  if [[ ! $text =~ [^a-zA-Z0-9\ .,:/_()-] ]]; then
    REPLY="\"$text\""
    return 0
  fi
  [[ ! $text =~ $UTF8 ]] || valid=yes
  REPLY=
  for ((i = 0; i < ${#text}; i++)); do
    byte=${text:i:1}
    case $byte in
      '"' | \\) REPLY+=\\$byte ;;
      [[:cntrl:]])
        printf -v code '\\u%04x' "'$byte"
        REPLY+=$code
        ;;
      [[:ascii:]]) REPLY+=$byte ;;
      *) if [[ $valid ]]; then REPLY+=$byte; else REPLY+='\ufffd'; fi ;;
    esac
  done
  REPLY="\"$REPLY\""
}

# An object is built from inside out: its fields first, then json_object.
json_fields=

json_raw() { json_fields+="${json_fields:+, }\"$1\": $2"; }

# json_text NAME TEXT: null for an empty one.
json_text() {
  if [[ $2 ]]; then json_string "$2"; else REPLY=null; fi
  json_raw "$1" "$REPLY"
}

# json_number NAME TEXT: null for what is no number.
json_number() {
  if [[ $2 =~ ^(0|-?[1-9][0-9]*)$ ]]; then json_raw "$1" "$2"; else json_raw "$1" null; fi
}

json_flag() { if [[ $2 ]]; then json_raw "$1" true; else json_raw "$1" false; fi; }

# json_texts NAME TEXT...
json_texts() {
  local name=$1 text list=
  shift
  for text; do
    json_string "$text"
    list+="${list:+, }$REPLY"
  done
  json_raw "$name" "[$list]"
}

# json_list NAME JSON...
json_list() {
  local name=$1 IFS=,
  shift
  json_raw "$name" "[$*]"
}

json_object() {
  REPLY="{$json_fields}"
  json_fields=
}
