#compdef preference
# Completion of `preference` for zsh: source <(preference completion zsh)

_preference() {
    local line directive
    local -a candidates
    for line in "${(@f)$(preference __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            :*) directive=$line ;;
            ?*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    _describe preference candidates
    [[ $directive == :4 ]] || _files
}

compdef _preference preference
