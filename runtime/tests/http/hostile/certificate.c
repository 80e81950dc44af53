/* certificate.c — see certificate.h. */
#include "certificate.h"

#include "check.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>

static void add_extension(X509 *x509, int kind, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
  CHECK(extension != NULL);
  CHECK(X509_add_ext(x509, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

static X509 *make_x509(EVP_PKEY *key, const char *address, long from, long to) {
  X509 *x509 = X509_new();
  CHECK(x509 != NULL);
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), from);
  X509_gmtime_adj(X509_getm_notAfter(x509), to);
  X509_set_pubkey(x509, key);
  X509_NAME *name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"weir test", -1, -1, 0);
  X509_set_issuer_name(x509, name);
  char alternative[64];
  snprintf(alternative, sizeof alternative, "IP:%s", address);
  add_extension(x509, NID_subject_alt_name, alternative);
  add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  CHECK(X509_sign(x509, key, EVP_sha256()) > 0);
  return x509;
}

static void write_file(struct certificate *certificate, X509 *x509) {
  certificate->fd = memfd_create("certificate", MFD_CLOEXEC);
  CHECK(certificate->fd >= 0);
  snprintf(certificate->path, sizeof certificate->path, "/proc/self/fd/%d", certificate->fd);
  BIO *file = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_X509(file, x509) == 1);
  char *text;
  long size = BIO_get_mem_data(file, &text);
  CHECK(write(certificate->fd, text, (size_t)size) == size);
  BIO_free(file);
}

void certificate_make(struct certificate *certificate, const char *address, long from, long to) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  CHECK(key != NULL);
  X509 *x509 = make_x509(key, address, from, to);
  write_file(certificate, x509);
  certificate->context = SSL_CTX_new(TLS_server_method());
  CHECK(certificate->context != NULL);
  CHECK(SSL_CTX_use_certificate(certificate->context, x509) == 1);
  CHECK(SSL_CTX_use_PrivateKey(certificate->context, key) == 1);
  X509_free(x509);
  EVP_PKEY_free(key);
}

void certificate_free(struct certificate *certificate) {
  SSL_CTX_free(certificate->context);
  close(certificate->fd);
}
