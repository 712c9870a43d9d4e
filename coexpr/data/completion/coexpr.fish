# Completion of coexpr in fish.
function __coexpr_complete
    set -lx _COEXPR_COMPLETE_LINE (commandline -cp)
    command coexpr
end
complete -c coexpr -f -a '(__coexpr_complete)'
