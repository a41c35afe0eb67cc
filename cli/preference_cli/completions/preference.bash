# Completion of `preference` for bash: source <(preference completion bash)

_preference() {
    local word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        case $word in
            :4) compopt +o default 2>/dev/null ;;
            :*) ;;
            *) COMPREPLY+=("$word") ;;
        esac
    done < <(preference __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -o default -F _preference preference
