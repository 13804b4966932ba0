//! What the operator decides about the values of apps' teams.

/// Limits that the operator sets for the teams of apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Whether webhooks may use private addresses and plain HTTP.
    pub private_networks: bool,
    /// The hosts of our own URLs, which webhooks may not call.
    pub own_hosts: Vec<String>,
    /// Whether client secrets must have 128 bits and admin keys must not be guessable.
    pub strong_secrets: bool,
    /// A key that everybody knows, and that no app may have.
    pub public_key: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_without_limits_takes_weak_secrets_and_sends_to_the_public_internet_only() {
        let Limits { private_networks, own_hosts, strong_secrets, public_key } = Limits::default();
        assert!(!private_networks && !strong_secrets && own_hosts.is_empty() && public_key.is_none());
    }
}
