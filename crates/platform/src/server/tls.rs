//! TLS with a certificate that is loaded again when its files change.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// Interval at which the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A certificate and its key, and the connections' TLS configuration.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

/// The certificate in use.
#[derive(Debug)]
struct Certificate {
    files: Files,
    current: RwLock<Arc<CertifiedKey>>,
}

/// PEM files: a certificate chain, the server's own certificate first, and its private key.
#[derive(Debug, Clone)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Changes when the files change: inode, size, and time of the last change.
type Stamp = [Option<(u64, u64, i64, i64)>; 2];

impl Files {
    fn load(&self, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
        let read = |what, path: &Path| format!("{what}: cannot use {}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| read("tls.certificate", &self.certificate))?;
        anyhow::ensure!(
            !chain.is_empty(),
            "tls.certificate: {} contains no certificate; expected PEM with -----BEGIN CERTIFICATE-----",
            self.certificate.display()
        );
        let key = PrivateKeyDer::from_pem_file(&self.key).with_context(|| read("tls.key", &self.key))?;
        CertifiedKey::from_der(chain, key, provider)
            .with_context(|| format!("{} is not the key of {}", self.key.display(), self.certificate.display()))
    }

    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
        })
    }
}

impl Tls {
    /// Loads the files.
    ///
    /// # Errors
    /// A file cannot be read, or the key is not the certificate's.
    pub fn load(files: Files) -> anyhow::Result<Self> {
        let provider = aws_lc_rs::default_provider();
        let current = RwLock::new(Arc::new(files.load(&provider)?));
        let certificate = Arc::new(Certificate { files, current });
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as _);
        // HTTP/1.1 only: no request smuggling between two versions.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    pub(super) const fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Loads the files again when they change, until it is aborted. Files that cannot be used are logged once; the
    /// certificate before them stays.
    pub(super) async fn watch(&self) {
        let Certificate { files, current } = &*self.certificate;
        let provider = aws_lc_rs::default_provider();
        let (mut loaded, mut failed) = (files.stamp(), None);
        loop {
            tokio::time::sleep(LOOK).await;
            let stamp = files.stamp();
            if stamp == loaded {
                continue;
            }
            match files.load(&provider) {
                Ok(key) => {
                    *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                    (loaded, failed) = (stamp, None);
                    tracing::info!(certificate = %files.certificate.display(), "loaded the changed TLS certificate");
                }
                // The other file may follow in a moment.
                Err(error) if failed != Some(stamp) => {
                    failed = Some(stamp);
                    tracing::error!(error = format!("{error:#}"), "the TLS certificate has changed and cannot be used");
                }
                Err(_) => {}
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
