/* tls.h - a server that speaks TLS 1.3, for the programs of this folder: "tls.test:443". */
#ifndef TESTS_LIBRARIES_TLS_H
#define TESTS_LIBRARIES_TLS_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

#include "certificate.h"

static inline X509 *tls_certificate(void)
{
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return cert;
}

/* The certificate as the only one that clients of `ctx` trust. */
static inline void tls_trust(SSL_CTX *ctx)
{
    X509 *cert = tls_certificate();
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert);
    X509_free(cert);
}

static inline SSL_CTX *tls_server_context(void)
{
    BIO *bio = BIO_new_mem_buf(certificate_key, -1);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    X509 *cert = tls_certificate();
    SSL_CTX_use_certificate(ctx, cert);
    SSL_CTX_use_PrivateKey(ctx, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ctx;
}

struct tls_answer { const char *until, *send; };

/* A session for fit_peer(): handshake, reads until `until` has come, sends, closes. */
static inline void tls_session(int fd, void *arg)
{
    const struct tls_answer *answer = arg;
    SSL_CTX *ctx = tls_server_context();
    SSL *ssl = SSL_new(ctx);
    char got[1024] = "";
    int have = 0, n = 1;
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        while (n > 0 && have < (int)sizeof got - 1 && !strstr(got, answer->until)) {
            n = SSL_read(ssl, got + have, (int)sizeof got - 1 - have);
            if (n > 0) have += n;
            got[have] = 0;
        }
        if (n > 0 && SSL_write(ssl, answer->send, (int)strlen(answer->send)) > 0)
            SSL_shutdown(ssl);
    }
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

#endif
