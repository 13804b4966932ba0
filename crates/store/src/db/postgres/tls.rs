//! TLS to a PostgreSQL server: how its certificate is verified.

use std::path::Path;
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::client::danger::{
    DangerousClientConfigBuilder, HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WantsClientCert, verify_server_cert_signed_by_trust_anchor};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::address::Tls;

/// Makes the connector for this `sslmode`.
///
/// # Errors
/// The file of certificate authorities cannot be read, or this machine has none.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let builder = match tls {
        Tls::Full(None) => builder.with_platform_verifier().map_err(|error| {
            format!("this machine has no certificate authorities ({error}); name a file of them with sslrootcert")
        })?,
        Tls::Full(Some(path)) => builder.with_root_certificates(read(path)?),
        Tls::Authority(path) => lenient(builder.dangerous(), Some(read(path)?), algorithms),
        Tls::Off | Tls::Prefer | Tls::Encrypt => lenient(builder.dangerous(), None, algorithms),
    };
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |text: String| format!("sslrootcert {}: {text}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("no certificate is in it; expected PEM".to_owned())) } else { Ok(roots) }
}

fn lenient(
    builder: DangerousClientConfigBuilder,
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    builder.with_custom_certificate_verifier(Arc::new(Lenient { roots, algorithms }))
}

/// A verifier that checks who signed the certificate, or not even that. It never checks the host name.
#[derive(Debug)]
struct Lenient {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, self.algorithms.all)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    // The server must prove that it has the private key. Otherwise anybody with a copy of a certificate would pass
    // SCRAM's channel binding.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Suggests what to do about a refused certificate. `None` if the error has another reason.
pub(super) fn advice(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)?;
    let Error::InvalidCertificate(wrong) = inner.downcast_ref::<Error>()? else { return None };
    match wrong {
        CertificateError::UnknownIssuer => Some("name the file of its authority with sslrootcert"),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("connect by a name that is in its subjectAltName")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some("renew it"),
        CertificateError::Other(_) => Some(
            "expected is version 3 with the host in subjectAltName, and no authority's own (basicConstraints CA:FALSE)",
        ),
        _ => None,
    }
}
