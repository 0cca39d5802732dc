/*
 * What a server's reply says of the server, rather than of the command.
 */

#pragma once

namespace backends {

enum class Refusal {
    none,     /* nothing */
    passing,  /* it does not serve yet, as while it loads its data */
    standing, /* it does not serve us, or not this kind of command */
    locked,   /* it serves only who has told a password */
    farewell, /* it does not serve us, and hangs up */
};

/* Whether another server is to be asked instead. */
inline bool is_final(Refusal refusal) noexcept {
    return refusal == Refusal::standing || refusal == Refusal::locked ||
           refusal == Refusal::farewell;
}

}  // namespace backends
