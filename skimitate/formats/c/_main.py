"""A program in C around a policy: observations come as CSV, and actions go."""

from string import Template

from numpy.typing import NDArray

from skimitate.formats.c._numbers import kind_of_actions, table_of_classes
from skimitate.formats.c._parts import Parts

_PROGRAM = Template("""\
#ifdef ${macro}_MAIN
/* Read observations from the standard input, one a line, the numbers between commas,
 * and write actions to the standard output.$episodes */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    static char line[64 * ${name}_n_observations + 64];
    float observation[${name}_n_observations];
    $kind action[${name}_n_actions];
$state    unsigned long number = 0;
$begin    while (fgets(line, (int)sizeof line, stdin)) {
        char *at = line;
        int n = 0;
        number++;
$empty        while (n < ${name}_n_observations) {
            char *end;
            observation[n] = strtof(at, &end);
            if (end == at)
                break;
            at = end;
            if (++n < ${name}_n_observations) {
                if (*at != ',')
                    break;
                at++;
            }
        }
        if (*at == '\\r')
            at++;
        if (n < ${name}_n_observations || !(*at == '\\n' || (!*at && feof(stdin)))) {
            fprintf(stderr, "line %lu: expected %d numbers with commas between\\n",
                number, (int)${name}_n_observations);
            return 1;
        }
        ${name}_act(${memory}observation, action);
$printed        putchar('\\n');
    }
    if (ferror(stdin) || fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "cannot read or write\\n");
        return 1;
    }
    return 0;
}
#endif

""")

_EMPTY = Template("""\
        if (line[0] == '\\n' || (line[0] == '\\r' && line[1] == '\\n')) {
            ${name}_reset(&state);
            putchar('\\n');
            continue;
        }
""")


def main_program(name: str, parts: Parts, classes: list[NDArray] | None) -> str:
    """Return the program, which is there if a macro is defined.

    Parameters
    ----------
    name : str
        That of the policy.
    parts : Parts
        Of the policy.
    classes : list of ndarray or None
        Those of the actions.

    Returns
    -------
    str
    """
    filled = {
        "name": name,
        "macro": name.upper(),
        "kind": kind_of_actions(classes),
        "printed": _printed(name, classes),
        **dict.fromkeys(("episodes", "state", "begin", "empty", "memory"), ""),
    }
    if parts.remembers:
        filled |= {
            "episodes": " An empty line begins an episode.",
            "state": f"    {name}_state state;\n",
            "begin": f"    {name}_reset(&state);\n",
            "empty": _EMPTY.substitute(name=name),
            "memory": "&state, ",
        }
    return _PROGRAM.substitute(filled)


def _printed(name: str, classes: list[NDArray] | None) -> str:
    """Return what prints an action."""
    if classes is not None and table_of_classes(classes[0])[1] is None:
        return "".join(
            f'        printf("{comma}%s", {name}_classes_{i}[action[{i}]]);\n'
            for i, comma in enumerate(["", *"," * (len(classes) - 1)])
        )
    whole = kind_of_actions(classes) == "int32_t"
    value = (
        '%s%ld", j ? "," : "", (long)' if whole else '%s%.9g", j ? "," : "", (double)'
    )
    return (
        f"        for (int j = 0; j < {name}_n_actions; j++)\n"
        f'            printf("{value}action[j]);\n'
    )
