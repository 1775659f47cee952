# SPDX-License-Identifier: MIT
# Bash completion for videoport(1). Needs nothing but bash; adapters and their keys come from the command itself.

# The adapters' names, or the keys of one ("key=" each), or the values of one key.
_videoport_adapters()
{
    videoport adapters --json 2>/dev/null | awk -v adapter="$1" -v key="$2" -F'"' '
        $2 == "keys" { inside = 1 }
        $2 == "name" && !inside { name = $4; if (adapter == "") print name }
        $2 == "name" && inside { current = $4; if (name == adapter && key == "") print current "=" }
        $2 == "values" && name == adapter && current == key && key != "" {
            count = split($4, value, "|")
            for (i = 1; i <= count; i++) if (value[i] ~ /^[a-z0-9]+$/) print value[i]
        }
        /^    \]/ { inside = 0 }'
}

# Completes "sim:key=value,key=..." from the front part that is already sure.
_videoport_spec()
{
    local word=$1 sure rest
    if [[ $word != *:* ]]; then
        COMPREPLY=($(compgen -W "$(_videoport_adapters)" -- "$word"))
        return
    fi
    sure=${word%"${word##*[:,]}"}
    rest=${word##*[:,]}
    if [[ $rest == *=* ]]; then
        sure+=${rest%%=*}=
        COMPREPLY=($(compgen -P "$sure" -W "$(_videoport_adapters "${word%%:*}" "${rest%%=*}")" -- "${rest#*=}"))
    else
        COMPREPLY=($(compgen -P "$sure" -W "$(_videoport_adapters "${word%%:*}")" -- "$rest"))
        compopt -o nospace 2>/dev/null
    fi
}

# Bash splits words at : and =; an adapter is one word to us. Sets `word` to what stands before the cursor since the last blank,
# and `before` to the blank-separated word in front of it.
_videoport_words()
{
    local line=${COMP_LINE:0:COMP_POINT}
    word=${line##*[[:blank:]]}
    line=${line%"$word"}
    line=${line%"${line##*[![:blank:]]}"}
    before=${line##*[[:blank:]]}
}

# What bash replaces is only the part after the last : or =.
_videoport_trim()
{
    local front=${1%"${1##*[:=]}"} i
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=${COMPREPLY[i]#"$front"}
    done
}

_videoport()
{
    local word before command=${COMP_WORDS[1]}
    COMPREPLY=()
    _videoport_words
    if [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W "adapters bench blit help inspect run --help --version" -- "$word"))
        return
    fi
    case $command in
    help)
        COMPREPLY=($(compgen -W "adapters bench blit inspect run" -- "$word"))
        ;;
    adapters)
        COMPREPLY=($(compgen -W "--json --help" -- "$word"))
        ;;
    bench)
        if [[ $before == --rounds ]]; then
            :
        elif [[ $before == -o || $before == --output ]]; then
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -f -- "$word"))
        elif [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W "--json --output --quick --rounds --help" -- "$word"))
        else
            COMPREPLY=($(compgen -W "F L B K Q T H G E" -- "$word"))
        fi
        ;;
    inspect)
        if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W "--json --help" -- "$word"))
        else
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -d -- "$word") $(compgen -f -X '!*.sys' -- "$word"))
        fi
        ;;
    run)
        if [[ $before == -a || $before == --adapter ]]; then
            _videoport_spec "$word"
            _videoport_trim "$word"
        elif [[ $word == --adapter=* ]]; then
            _videoport_spec "${word#--adapter=}"
            _videoport_trim "${word#--adapter=}"
        elif [[ $before == --mode || $before == --ioctl || $before == --seed || $before == --timeout || $before == --memory ]]; then
            :
        elif [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W "--adapter --screenshot --mode --ioctl --blit --relay --json --seed --timeout --memory --no-sandbox
                --help" -- "$word"))
        else
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -d -- "$word") $(compgen -f -X '!*.@(sys|so|png)' -- "$word"))
        fi
        ;;
    blit)
        if [[ $before == -a || $before == --adapter ]]; then
            _videoport_spec "$word"
            _videoport_trim "$word"
        elif [[ $word == --adapter=* ]]; then
            _videoport_spec "${word#--adapter=}"
            _videoport_trim "${word#--adapter=}"
        elif [[ $before == --repeat || $before == --seed ]]; then
            :
        elif [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W "--adapter --output --repeat --seed --json --trace --help" -- "$word"))
        else
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -d -- "$word") $(compgen -f -X '!*.png' -- "$word"))
        fi
        ;;
    esac
}

complete -F _videoport videoport
