# Completion of coexpr in bash.
_coexpr_complete() {
  local IFS=$'\n' line word proposal typed=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  # The word as coexpr sees it: bash breaks words at colons, which accessions contain.
  local before=${COMP_LINE:0:COMP_POINT}
  while read -r line; do
    word=${line%%$'\t'*}
    [[ -n $word ]] || continue
    case $typed in
      [\"\']*) proposal=$word ;;
      *) printf -v proposal '%q' "$word" ;;
    esac
    if [[ $before =~ ([^[:space:]]*:)[^:[:space:]]*$ && $COMP_WORDBREAKS == *:* ]]; then
      proposal=${proposal#"${BASH_REMATCH[1]}"}
    fi
    COMPREPLY+=("$proposal")
  done < <(_COEXPR_COMPLETE_LINE=$before "$1")
}
complete -o default -F _coexpr_complete coexpr
