"""The completion scripts of the shells: each asks savctl itself for the candidates."""

from __future__ import annotations

BASH = r"""# bash completion for savctl
_savctl_complete() {
    local reply code
    reply=$(_SAVCTL_COMPLETE=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    code=$?
    COMPREPLY=()
    if [[ $code -eq 3 ]]; then
        compopt -o default 2>/dev/null
    elif [[ $code -eq 0 && -n $reply ]]; then
        mapfile -t COMPREPLY <<< "$reply"
    fi
}
complete -F _savctl_complete savctl
"""

ZSH = r"""#compdef savctl
_savctl() {
    local reply code
    local -a lines
    reply=$(_SAVCTL_COMPLETE=zsh "${words[1]}" "${(@)words[2,$CURRENT]}" 2>/dev/null)
    code=$?
    if (( code == 3 )); then
        _files
    elif (( code == 0 )) && [[ -n $reply ]]; then
        lines=("${(@f)reply}")
        _describe -V savctl lines
    fi
}
if [[ ${funcstack[1]} == _savctl ]]; then
    _savctl "$@"
else
    compdef _savctl savctl
fi
"""

FISH = r"""# fish completion for savctl
function __savctl_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l reply (env _SAVCTL_COMPLETE=fish $before[1] $before[2..-1] "$current" 2>/dev/null)
    set -l code $status
    if test $code -eq 3
        __fish_complete_path "$current"
    else if test $code -eq 0
        printf '%s\n' $reply
    end
end
complete --command savctl --no-files --arguments '(__savctl_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
