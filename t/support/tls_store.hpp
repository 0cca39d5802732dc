#pragma once

#include "backends/tls.hpp"
#include "support/certificates.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <string>
#include <utility>

namespace support {

// Parameters that trust the CA of the tests' certificates.
inline backends::tls::Parameters
trusting(const std::string& name = "localhost") {
    backends::tls::Parameters parameters;
    parameters.on = true;
    parameters.name = name;
    parameters.ca = certificates().client_ca.certificate;
    return parameters;
}

inline backends::Options
tls_options(backends::Address address,
            const backends::tls::Parameters& parameters = trusting()) {
    auto options = store_options(std::move(address));
    auto made = backends::tls::make_context(parameters);
    REQUIRE(made.error == "");
    options.tls = made.context;
    options.tls_name = parameters.name;
    return options;
}

}  // namespace support
