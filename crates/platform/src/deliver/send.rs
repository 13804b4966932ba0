//! One delivery: signs it, sends it, and judges the reply.

use kakaw_core::AppId;
use std::sync::Arc;

use kakaw_core::app::webhooks::Method;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::webhook::Notice;
use kakaw_store::deliveries::Delivery;
use kakaw_wire::event::SetRefusal;
use reqwest::header;

use crate::Platform;

/// Number of bytes that are read of a receiver's reply.
const REPLY: usize = 4096;
/// Number of characters that are stored of a receiver's message.
const KEPT: usize = 256;

/// A receiver, loaded once for many deliveries.
#[derive(Debug, Clone)]
pub(super) struct Receiver {
    pub app_id: AppId,
    pub url: String,
    pub method: Method,
    /// The primary admin key, or else the first.
    pub admin_key: Option<Secret>,
    /// The first REST API key, which is the audience of tokens.
    pub rest_api_key: Option<String>,
}

/// Sends a notice. Returns what the receiver replied, or why the attempt failed.
pub(super) async fn send(
    platform: Arc<Platform>,
    receiver: Arc<Receiver>,
    delivery: &Delivery,
) -> Result<String, String> {
    let http = platform.webhooks.http()?;
    let request = request(&platform, &receiver, delivery).await?;
    let expected = if matches!(delivery.notice, Notice::Unlink { .. }) { 200 } else { 202 };
    let mut result = Err("nothing was sent".to_owned());
    for request in platform.surroundings.outgoing(delivery, request) {
        let answer = http.execute(request).await.map_err(|error| why(&error))?;
        let status = answer.status().as_u16();
        result = if status == expected {
            Ok(status.to_string())
        } else {
            let reason = format!("{status}, and {expected} was expected{}", said(answer).await);
            Err(reason.chars().take(KEPT).collect())
        };
    }
    result
}

/// Builds the request of a notice, with the key or signature that proves its sender.
async fn request(platform: &Platform, receiver: &Receiver, delivery: &Delivery) -> Result<reqwest::Request, String> {
    let url = platform.webhooks.check(&receiver.url)?;
    let http = platform.webhooks.http()?;
    let request = match &delivery.notice {
        Notice::Unlink { user_id, referrer_type } => {
            let (app_id, user_id) = (receiver.app_id.to_string(), user_id.to_string());
            let fields = [("app_id", app_id.as_str()), ("user_id", &user_id), ("referrer_type", referrer_type.id())];
            let request = match receiver.method {
                Method::Get => http.get(url).query(&fields),
                Method::Post => http.post(url).form(&fields),
            };
            let key = receiver.admin_key.as_ref().ok_or("the app has no admin key")?;
            request.header(header::AUTHORIZATION, format!("KakaoAK {}", key.expose()))
        }
        Notice::AccountStatus { token } => {
            let mut claims = token.clone();
            claims.aud = Some(receiver.rest_api_key.clone().ok_or("the app has no REST API key")?);
            let keys = platform.signer.keys().await.map_err(|error| error.to_string())?;
            let signed = keys.first().and_then(|key| key.sign_as("secevent+jwt", &claims));
            let signed = signed.ok_or("the token could not be signed")?;
            http.post(url).header(header::CONTENT_TYPE, "application/secevent+jwt").body(signed)
        }
    };
    let id = format!("{:x}", delivery.id);
    request.header("X-Kakao-Resource-ID", id).build().map_err(|error| why(&error))
}

/// Returns the message of a receiver that refuses a security event token.
async fn said(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > REPLY {
            return String::new();
        }
    }
    match serde_json::from_slice::<SetRefusal>(&bytes) {
        Ok(SetRefusal { err, description }) if !err.is_empty() => format!(" ({err}: {description})"),
        _ => String::new(),
    }
}

/// Returns the innermost reason of a failure. "error sending request" alone explains nothing.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within 3 seconds".to_owned();
    }
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string().chars().take(KEPT).collect()
}
