//! A certificate authority for one run: it signs one certificate for exactly the intercepted hosts, and its key is gone.

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
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::http::here::KAKAO_HOSTS;

/// What a run needs of its authority.
pub struct Authority {
    /// The authority's certificate, as PEM. Its key does not exist any more.
    pub certificate: String,
    /// SHA-256 of the leaf's public key as base64: what Chromium can pin.
    pub spki: String,
    /// Speaks TLS with the one leaf.
    pub acceptor: TlsAcceptor,
}

/// Makes an authority, signs the leaf, and forgets the authority's key.
///
/// # Errors
/// A key or a certificate could not be made.
pub fn make() -> anyhow::Result<Authority> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Kakaw stand-in, one run");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Even with its key, it could speak for no other host.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: KAKAO_HOSTS.iter().map(|host| GeneralSubtree::DnsName((*host).to_owned())).collect(),
        excluded_subtrees: Vec::new(),
    });
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);

    let mut leaf = CertificateParams::new(KAKAO_HOSTS.map(str::to_owned))?;
    leaf.distinguished_name.push(DnType::CommonName, KAKAO_HOSTS[0]);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1));
    let leaf_key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&leaf_key, &issuer)?;
    drop(issuer);

    let spki = STANDARD.encode(digest::digest(&digest::SHA256, &leaf_key.subject_public_key_info()));
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let chain = vec![leaf.der().clone(), certificate.der().clone()];
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .context("the leaf does not fit its key")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Authority { certificate: certificate.pem(), spki, acceptor: TlsAcceptor::from(Arc::new(config)) })
}
