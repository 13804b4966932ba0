//! A certificate authority that signs one certificate, for exactly the intercepted hosts. Its key is never stored.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, PublicKeyData as _, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::ResolvesServerCertUsingSni;
use tokio_rustls::rustls::sign::CertifiedKey;

use kakaw_core::{Millis, Span};

use crate::world::KAKAO_HOSTS;
use kakaw_platform::private_file;

/// Lifetime of the certificates in seconds: 820 days. Apple's systems refuse certificates that live longer than 825
/// days.
const LIFETIME: Span = Span::days(820);

/// The parts of an authority that interception needs.
pub struct Authority {
    /// The authority's certificate, as PEM. Its key does not exist any more.
    pub certificate: String,
    /// SHA-256 of the leaf's public key as base64, which Chromium can pin.
    pub spki: String,
    /// Accepts TLS with the one leaf certificate, for clients that ask for one of its names.
    pub acceptor: TlsAcceptor,
}

/// An authority's certificate, the leaf that it signed, and the leaf's key.
struct Signed {
    authority: String,
    leaf: String,
    key: KeyPair,
}

/// Makes an authority that lives as long as the process.
///
/// # Errors
/// A key or a certificate could not be made.
pub fn make(now: Millis) -> anyhow::Result<Authority> {
    sign("Kakaw stand-in, one run", now)?.serve()
}

/// Loads the authority that an earlier process left in a folder, or makes it. Clients need to be configured to trust it
/// only once.
///
/// # Errors
/// The folder cannot be read or written, or its files do not belong together.
pub fn load_or_make(folder: &Path, now: Millis) -> anyhow::Result<Authority> {
    let [authority, leaf, key, until] = ["ca.pem", "leaf.pem", "leaf-key.pem", "until"].map(|name| folder.join(name));
    let ends = std::fs::read_to_string(&until).ok().and_then(|text| Millis::from_rfc3339(text.trim()));
    if !key.exists() || ends.is_none_or(|ends| now >= ends) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let signed = sign("Kakaw stand-in", now)?;
        if key.exists() {
            tracing::warn!(
                "the certificates in {} have expired: new ones were created, and clients must trust these",
                folder.display()
            );
            std::fs::remove_file(&key)?;
        }
        std::fs::write(&authority, &signed.authority)?;
        std::fs::write(&leaf, &signed.leaf)?;
        std::fs::write(&until, (now + LIFETIME).rfc3339())?;
        private_file::write(&key, &signed.key.serialize_pem())?;
    }
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let signed = Signed { authority: read(&authority)?, leaf: read(&leaf)?, key: KeyPair::from_pem(&read(&key)?)? };
    signed
        .serve()
        .with_context(|| format!("the certificates in {} (delete the folder to get new ones)", folder.display()))
}

/// Returns year, month and day of a time, in UTC.
fn day(at: Millis) -> anyhow::Result<(i32, u8, u8)> {
    let text = at.rfc3339();
    let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u16>().ok());
    match (part(0, 4), part(5, 7), part(8, 10)) {
        (Some(year), Some(month), Some(day)) => Ok((i32::from(year), u8::try_from(month)?, u8::try_from(day)?)),
        _ => anyhow::bail!("the machine's clock says {text:?}"),
    }
}

/// Makes an authority, signs the leaf, and drops the authority's key.
fn sign(name: &str, now: Millis) -> anyhow::Result<Signed> {
    let date = |(year, month, day)| date_time_ymd(year, month, day);
    let life = (date(day(now - Span::days(1))?), date(day(now + LIFETIME)?));
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Even with its key, it could sign for no other host.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: KAKAO_HOSTS.iter().map(|host| GeneralSubtree::DnsName((*host).to_owned())).collect(),
        excluded_subtrees: Vec::new(),
    });
    (params.not_before, params.not_after) = life;
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);

    let mut leaf = CertificateParams::new(KAKAO_HOSTS.map(str::to_owned))?;
    leaf.distinguished_name.push(DnType::CommonName, KAKAO_HOSTS[0]);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = life;
    let key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&key, &issuer)?.pem();
    Ok(Signed { authority, leaf, key })
}

impl Signed {
    fn serve(self) -> anyhow::Result<Authority> {
        let spki = STANDARD.encode(digest::digest(&digest::SHA256, &self.key.subject_public_key_info()));
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).context("a certificate cannot be read");
        let chain = vec![der(&self.leaf)?, der(&self.authority)?];
        let provider = Arc::new(default_provider());
        let key =
            CertifiedKey::from_der(chain, private, &provider).context("the certificate does not match its key")?;
        // Who asks for another name, or for none, is not spoken to.
        let mut names = ResolvesServerCertUsingSni::new();
        for host in KAKAO_HOSTS {
            names.add(host, key.clone())?;
        }
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(names));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Authority { certificate: self.authority, spki, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_kept_authority_is_the_same_again_and_its_key_is_nowhere() {
        let folder = tempfile::tempdir().expect("folder");
        let now = Millis::from_rfc3339("2026-11-20T03:00:00Z").expect("time");
        let first = load_or_make(folder.path(), now).expect("made");
        let again = load_or_make(folder.path(), now + LIFETIME - Span::seconds(1)).expect("read");
        assert_eq!((&first.certificate, &first.spki), (&again.certificate, &again.spki));
        let expired = load_or_make(folder.path(), now + LIFETIME).expect("made anew");
        assert_ne!(first.spki, expired.spki);
        let mut keys = 0;
        for entry in std::fs::read_dir(folder.path()).expect("folder").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("text");
            if text.contains("PRIVATE KEY") {
                keys += 1;
                assert_eq!(entry.file_name(), "leaf-key.pem");
                assert_eq!(entry.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
            }
        }
        assert_eq!(keys, 1);
        std::fs::write(folder.path().join("leaf.pem"), "nonsense").expect("written");
        let error = load_or_make(folder.path(), now).err().expect("refused");
        assert!(format!("{error:#}").contains("delete the folder"), "{error:#}");
    }
}
