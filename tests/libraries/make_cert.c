/* make_cert.c - prints certificate.h: a key and a certificate that it signed itself, for tests. The
 * same each time: the key is fixed and its kind of signature (Ed25519) needs no random number. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static X509 *make(EVP_PKEY *key, const char *host)
{
    char names[100];
    X509V3_CTX context;
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    snprintf(names, sizeof names, "DNS:%s", host);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20000101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "20991231235959Z");
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)host, -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *more = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    X509_add_ext(cert, more, -1);
    X509_EXTENSION_free(more);
    X509_sign(cert, key, NULL);
    return cert;
}

static void print(const char *name, BIO *pem)
{
    char line[128];
    printf("static const char %s[] =\n", name);
    while (BIO_gets(pem, line, sizeof line) > 0)
        printf("    \"%.*s\\n\"\n", (int)strcspn(line, "\n"), line);
    printf("    ;\n");
    BIO_free(pem);
}

int main(void)
{
    unsigned char secret[32];
    BIO *key_pem = BIO_new(BIO_s_mem()), *cert_pem = BIO_new(BIO_s_mem());
    memset(secret, 'k', sizeof secret);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
    X509 *cert = make(key, "tls.test");
    PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(cert_pem, cert);
    print("certificate_key", key_pem);
    print("certificate", cert_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return 0;
}
