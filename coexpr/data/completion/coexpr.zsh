# Completion of coexpr in zsh.
_coexpr_complete() {
  local line
  local -a words_found shown
  for line in ${(f)"$(_COEXPR_COMPLETE_LINE=${BUFFER[1,CURSOR]} ${words[1]})"}; do
    words_found+=("${line%%$'\t'*}")
    if [[ $line == *$'\t'?* ]]; then
      shown+=("${line%%$'\t'*} -- ${line#*$'\t'}")
    else
      shown+=("${line%%$'\t'*}")
    fi
  done
  if (( $#words_found )); then
    compadd -l -d shown -- $words_found
  else
    _files
  fi
}
compdef _coexpr_complete coexpr
