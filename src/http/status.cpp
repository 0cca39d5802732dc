#include "http/status.hpp"
#include "module/worker.hpp"
#include "status/status_format.hpp"
#include "status/status_page.hpp"

#include <new>
#include <string>

namespace session_cache::http {

namespace {

enum class Format { json, prometheus, html, script, style, icon, unknown };

/* The value of a header, or nothing. */
std::string_view header(const ngx_http_request_t* r, std::string_view name) {
    for (const ngx_list_part_t* part = &r->headers_in.headers.part;
         part != nullptr; part = part->next) {
        for (const auto& h : std::span(
                 static_cast<ngx_table_elt_t*>(part->elts), part->nelts)) {
            if (view(h.key).size() == name.size() &&
                ngx_strncasecmp(h.key.data, str(name).data, name.size()) == 0) {
                return view(h.value);
            }
        }
    }
    return {};
}

/* The format that is asked for (?format=), or else a page if the client is a
 * browser. */
Format format_of(ngx_http_request_t* r) {
    ngx_str_t asked{};

    if (ngx_http_arg(r, (u_char*)"format", 6, &asked) == NGX_OK) {
        std::string_view name = view(asked);
        return name == "json"         ? Format::json
               : name == "prometheus" ? Format::prometheus
               : name == "html"       ? Format::html
               : name == "script"     ? Format::script
               : name == "style"      ? Format::style
               : name == "icon"       ? Format::icon
                                      : Format::unknown;
    }
    return header(r, "Accept").find("text/html") != std::string_view::npos
               ? Format::html
               : Format::json;
}

struct Answer {
    const char* type;
    std::string text;
};

/* Without a worker, nothing is counted. */
Snapshot snapshot() {
    Snapshot snapshot = worker != nullptr ? worker->snapshot() : Snapshot();
    snapshot.time = ngx_time();
    return snapshot;
}

Answer answer_of(Format format) {
    switch (format) {
    case Format::html:
        return {"text/html; charset=utf-8", status_page};
    case Format::script:
        return {"text/javascript; charset=utf-8", status_script};
    case Format::style:
        return {"text/css; charset=utf-8", status_style};
    case Format::icon:
        return {"image/svg+xml", status_icon};
    case Format::prometheus:
        return {"text/plain; version=0.0.4; charset=utf-8",
                to_prometheus(snapshot())};
    default:
        return {"application/json", to_json(snapshot())};
    }
}

ngx_int_t add_header(ngx_http_request_t* r, const char* name,
                     const char* value) {
    auto* header =
        static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) {
        return NGX_ERROR;
    }
    ngx_memzero(header, sizeof(*header));
    header->hash = 1;
    header->key = str(name);
    header->value = str(value);
    return NGX_OK;
}

/* A buffer in the request's pool with a copy of the text. Null if memory is
 * short. */
ngx_buf_t* buffer_of(ngx_http_request_t* r, std::string_view text) {
    ngx_buf_t* buffer = ngx_create_temp_buf(r->pool, text.size());

    if (buffer != nullptr) {
        buffer->last = ngx_cpymem(buffer->pos, text.data(), text.size());
        buffer->last_buf = r == r->main ? 1 : 0;
        buffer->last_in_chain = 1;
    }
    return buffer;
}

/* Some of the contents come from servers and clients. None of it may be
 * executed, even if the page's script has a bug. */
ngx_int_t add_headers(ngx_http_request_t* r) {
    if (add_header(r, "Cache-Control", "no-store") != NGX_OK ||
        add_header(r, "X-Content-Type-Options", "nosniff") != NGX_OK) {
        return NGX_ERROR;
    }
    return add_header(r, "Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src "
                      "'self'; img-src 'self'; connect-src 'self'; base-uri "
                      "'none'; form-action 'none'; frame-ancestors 'self'");
}

ngx_int_t send(ngx_http_request_t* r, const Answer& answer) {
    ngx_buf_t* buffer = buffer_of(r, answer.text);

    if (buffer == nullptr || add_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = str(answer.type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_length_n = static_cast<off_t>(answer.text.size());

    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    ngx_chain_t out{buffer, nullptr};
    return ngx_http_output_filter(r, &out);
}

ngx_int_t handle(ngx_http_request_t* r) noexcept {
    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    Format format = format_of(r);
    if (format == Format::unknown) {
        return NGX_HTTP_BAD_REQUEST;
    }

    try {
        return send(r, answer_of(format));
    } catch (const std::bad_alloc&) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}

}  // namespace

char* read_status_directive(ngx_conf_t* cf, ngx_command_t* /* cmd */,
                            void* /* conf */) noexcept {
    auto* location = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));

    location->handler = handle;
    return NGX_CONF_OK;
}

}  // namespace session_cache::http
