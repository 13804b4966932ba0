//! Tests the crate `openidconnect`: it gets everything from discovery, and checks the ID token itself.

mod support;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreGenderClaim, CoreIdTokenClaims, CoreIdTokenVerifier,
    CoreJsonWebKeySet, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyAdditionalClaims, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    TokenResponse, UserInfoClaims,
};
use reqwest::Client as Http;
use support::{LOGIN, http_client, kakaw_url, walk};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "coffee-secret";
const CALLBACK: &str = "http://localhost:3000/openidconnect/callback";

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What the app stores while the browser is away, and the code that the browser returns with.
struct Back {
    code: AuthorizationCode,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

async fn discover(http: &Http) -> CoreProviderMetadata {
    let issuer = IssuerUrl::new(kakaw_url()).expect("issuer");
    CoreProviderMetadata::discover_async(issuer, http).await.expect("discovery and keys")
}

fn client(metadata: CoreProviderMetadata) -> Client {
    CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(KEY.to_owned()),
        Some(ClientSecret::new(SECRET.to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("redirect URI"))
    // Discovery offers only this, and the crate leaves the choice to the app.
    .set_auth_type(AuthType::RequestBody)
}

async fn log_in(client: &Client) -> Back {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile_nickname", "profile_image", "account_email"].map(|item| Scope::new(item.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let back = walk(url).await;
    assert!(back.as_str().starts_with(&format!("{CALLBACK}?")), "{back}");
    let parameter = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(parameter("state").as_deref(), Some(state.secret().as_str()));
    Back { code: AuthorizationCode::new(parameter("code").expect("code")), nonce, verifier }
}

async fn exchange(client: &Client, back: Back, http: &Http) -> (CoreTokenResponse, Nonce) {
    let request = client.exchange_code(back.code).expect("token endpoint").set_pkce_verifier(back.verifier);
    (request.request_async(http).await.expect("tokens"), back.nonce)
}

/// Returns the claims of the ID token, after the checks of signature, issuer, audience, time and nonce.
fn claims<'a>(client: &'a Client, tokens: &'a CoreTokenResponse, nonce: &Nonce) -> &'a CoreIdTokenClaims {
    let token = tokens.id_token().expect("ID token");
    token.claims(&client.id_token_verifier(), nonce).expect("a good ID token")
}

#[tokio::test]
async fn an_id_token_passes_the_library_and_names_the_user_of_userinfo() {
    let http = http_client();
    let metadata = discover(&http).await;
    let issuer = metadata.issuer().clone();
    let client = client(metadata);
    let back = log_in(&client).await;
    let (tokens, nonce) = exchange(&client, back, &http).await;

    let claims = claims(&client, &tokens, &nonce);
    assert_eq!(claims.issuer(), &issuer);
    assert_eq!(claims.audiences().iter().map(|aud| aud.as_str()).collect::<Vec<_>>(), [KEY]);
    assert_eq!(claims.nonce().map(Nonce::secret), Some(nonce.secret()));
    assert!(claims.auth_time().is_some());
    assert_eq!(claims.email().map(|email| email.as_str()), Some(LOGIN));
    // Kakao Login documents no at_hash. If there is one, it must match.
    if let Some(hash) = claims.access_token_hash() {
        let token = tokens.id_token().expect("ID token");
        let verifier = client.id_token_verifier();
        let (algorithm, key) = (token.signing_alg().expect("alg"), token.signing_key(&verifier).expect("key"));
        assert_eq!(hash, &AccessTokenHash::from_token(tokens.access_token(), algorithm, key).expect("hash"));
    }

    let subject = claims.subject().clone();
    let request = client.user_info(tokens.access_token().clone(), Some(subject.clone())).expect("userinfo endpoint");
    let user: UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> =
        request.request_async(&http).await.expect("userinfo with the same subject");
    assert_eq!(user.subject(), &subject);
    assert_eq!(user.email().map(|email| email.as_str()), Some(LOGIN));
    assert_eq!(user.email_verified(), Some(true));
}

#[tokio::test]
async fn a_refreshed_id_token_passes_the_library() {
    let http = http_client();
    let client = client(discover(&http).await);
    let back = log_in(&client).await;
    let (tokens, nonce) = exchange(&client, back, &http).await;
    let first = claims(&client, &tokens, &nonce);

    let refresh = tokens.refresh_token().expect("refresh token");
    let request = client.exchange_refresh_token(refresh).expect("token endpoint");
    let fresh = request.request_async(&http).await.expect("tokens");
    let token = fresh.id_token().expect("ID token");
    // The provider decides whether a refreshed ID token repeats the nonce.
    let second = token.claims(&client.id_token_verifier(), |_: Option<&Nonce>| Ok(())).expect("a good ID token");
    assert_eq!(second.subject(), first.subject());
    assert_eq!(second.auth_time(), first.auth_time());
}

#[tokio::test]
async fn the_library_refuses_a_wrong_nonce_audience_issuer_and_key() {
    let http = http_client();
    let metadata = discover(&http).await;
    let keys = metadata.jwks().clone();
    let issuer = metadata.issuer().clone();
    let client = client(metadata);
    let back = log_in(&client).await;
    let (tokens, nonce) = exchange(&client, back, &http).await;
    let token = tokens.id_token().expect("ID token");

    let refused = token.claims(&client.id_token_verifier(), &Nonce::new("wrong".to_owned()));
    assert!(matches!(refused, Err(ClaimsVerificationError::InvalidNonce(_))), "{refused:?}");

    let verifier = |key: &str, issuer: &IssuerUrl, keys: &CoreJsonWebKeySet| {
        let id = ClientId::new(key.to_owned());
        CoreIdTokenVerifier::new_confidential_client(
            id,
            ClientSecret::new(SECRET.to_owned()),
            issuer.clone(),
            keys.clone(),
        )
    };
    token.claims(&verifier(KEY, &issuer, &keys), &nonce).expect("the same verifier, made by hand");

    let refused = token.claims(&verifier("1123456789abcdef0123456789abcdef", &issuer, &keys), &nonce);
    assert!(matches!(refused, Err(ClaimsVerificationError::InvalidAudience(_))), "{refused:?}");

    let other = IssuerUrl::new("http://localhost:1".to_owned()).expect("issuer");
    let refused = token.claims(&verifier(KEY, &other, &keys), &nonce);
    assert!(matches!(refused, Err(ClaimsVerificationError::InvalidIssuer(_))), "{refused:?}");

    let refused = token.claims(&verifier(KEY, &issuer, &CoreJsonWebKeySet::new(Vec::new())), &nonce);
    let no_key = SignatureVerificationError::NoMatchingKey;
    assert!(matches!(&refused, Err(ClaimsVerificationError::SignatureVerification(e)) if *e == no_key), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_pkce_verifier_is_invalid_grant() {
    let http = http_client();
    let client = client(discover(&http).await);
    let mut back = log_in(&client).await;
    (_, back.verifier) = PkceCodeChallenge::new_random_sha256();
    let request = client.exchange_code(back.code).expect("token endpoint").set_pkce_verifier(back.verifier);
    match request.request_async(&http).await {
        Err(RequestTokenError::ServerResponse(error)) => {
            assert_eq!(error.error(), &CoreErrorResponseType::InvalidGrant, "{error}");
        }
        other => panic!("invalid_grant expected: {other:?}"),
    }
}
