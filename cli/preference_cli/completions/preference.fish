# Completion of `preference` for fish: preference completion fish | source

function __preference_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (preference __complete $words[2..-1] 2>/dev/null)
    string match --invert ':*' -- $answer
    if test "$answer[-1]" = ':0'
        __fish_complete_path (commandline -ct)
    end
end

complete --command preference --no-files --arguments '(__preference_complete)'
