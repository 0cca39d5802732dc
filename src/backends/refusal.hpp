/*
 * What a reply says about the server, rather than about the command.
 */

#pragma once

namespace backends {

enum class Refusal {
    none,     /* nothing */
    passing,  /* it does not serve yet, such as while it loads its data */
    standing, /* it does not serve us, or not this kind of command */
    locked,   /* it serves only clients with a password */
    farewell, /* it does not serve us, and hangs up */
};

/* Whether to ask another server instead. */
inline bool is_final(Refusal refusal) noexcept {
    return refusal == Refusal::standing || refusal == Refusal::locked ||
           refusal == Refusal::farewell;
}

}  // namespace backends
