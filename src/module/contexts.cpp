#include "module/contexts.hpp"

#include <array>
#include <map>

namespace session_cache {

namespace {

/* What each server adds to its company's contexts, computed once. */
class Shares {
  public:
    void add(const ServerConf& first, const Servers& servers,
             Company& company) {
        for (const ServerConf* conf : servers) {
            if (conf->tls.verify != 0) {
                company.verifications.insert(verification(*conf));
            }
            if (!first.tls.has_certificate && conf->tls.ctx != nullptr) {
                company.contexts.insert(context(*conf));
            }
        }
    }

    /* nginx's own context, made from the certificates and the names of client
     * CAs. */
    const Context& context(const ServerConf& conf) {
        Context& context = contexts_[&conf];
        if (context.empty()) {
            context = context_of(conf.tls.ctx);
        }
        return context;
    }

  private:
    const Digest& verification(const ServerConf& conf) {
        auto found = verifications_.find(&conf);
        if (found == verifications_.end()) {
            std::array settings{conf.tls.verify, conf.tls.ocsp};
            found = verifications_
                        .emplace(&conf, verification_of(conf.tls.ctx, settings))
                        .first;
        }
        return found->second;
    }

    std::map<const ServerConf*, Context> contexts_;
    std::map<const ServerConf*, Digest> verifications_;
};

HandshakeContext context_in(const Company& company, const Context& own) {
    bool adds_nothing =
        company.verifications.empty() && company.contexts.empty();
    return {joint_context(own, company), adds_nothing ? own : Context()};
}

#if (NGX_HAVE_SNI_BEFORE_SESSION)

void set_context(ServerConf& conf, Shares& shares) {
    Company company;
    shares.add(conf, {&conf}, company);
    HandshakeContext context = context_in(company, shares.context(conf));

    require(SSL_CTX_set_session_id_context(
                conf.tls.ctx, context.ours.data(),
                static_cast<unsigned>(context.ours.size())) == 1);
    conf.contexts.set_other(std::move(context));
}

#endif

}  // namespace

#if (NGX_HAVE_SNI_BEFORE_SESSION)

void set_contexts(const Configuration& configuration) {
    Shares shares;

    for (ServerConf* conf : configuration.servers) {
        if (conf->attached) {
            set_context(*conf, shares);
        }
    }
}

#else

void set_contexts(const Configuration& configuration) {
    Shares shares;
    std::map<ServerConf*, Company> all; /* on any address */

    for (const Listener& listener : configuration.listeners) {
        ServerConf& first = *listener.default_server;
        if (!first.attached) {
            continue;
        }

        Company company;
        shares.add(first, listener.servers, company);
        first.contexts.add(listener.address,
                           context_in(company, shares.context(first)));
        all[&first].merge(std::move(company));
    }

    for (auto& [first, company] : all) {
        first->contexts.set_other(context_in(company, shares.context(*first)));
    }
}

#endif

}  // namespace session_cache
