# Completion of coexpr in zsh.
_coexpr_complete() {
  # Not BUFFER, in which zsh leaves out an open quotation mark.
  local line typed="${words[1,CURRENT-1]} $QIPREFIX$PREFIX"
  local -a found shown
  for line in ${(f)"$(_COEXPR_COMPLETE_LINE=$typed ${words[1]})"}; do
    found+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/ -- }")
  done
  if (( $#found )); then
    # Names match in any case.
    compadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -l -d shown -- $found
  else
    _files
  fi
}
compdef _coexpr_complete coexpr
