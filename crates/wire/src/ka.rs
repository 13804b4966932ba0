//! The `KA` header of the SDKs: the calling SDK, its platform, and the registered identity of the app that it is in.

/// The contents of the `KA` header or of the query parameter `ka`. Unknown tokens are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ka {
    /// `android-33`, `ios-17.2`, `javascript`.
    pub os: String,
    /// Android key hash, iOS bundle id, or Web origin; decoded once.
    pub origin: String,
    /// `javascript`, `kotlin`, `swift`, `flutter`.
    pub sdk_type: String,
}

/// The platform that a caller claims to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Android.
    Android,
    /// iOS.
    Ios,
    /// A Web page.
    Web,
}

impl Ka {
    /// Reads `key/value` tokens that are separated by white space. A value may contain slashes.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut ka = Self::default();
        for (key, value) in text.split_whitespace().filter_map(|token| token.split_once('/')) {
            match key {
                "os" => value.clone_into(&mut ka.os),
                "origin" => value.clone_into(&mut ka.origin),
                "sdk_type" => value.clone_into(&mut ka.sdk_type),
                _ => {}
            }
        }
        if ka.os() == Some(Os::Web) {
            // The JavaScript SDK encodes the origin, Flutter on the Web does not. No origin contains a percent sign.
            ka.origin = percent_decoded(&ka.origin);
        }
        ka
    }

    /// Returns the platform, if identities are registered for it.
    #[must_use]
    pub fn os(&self) -> Option<Os> {
        match self.os.split('-').next() {
            Some("android") => Some(Os::Android),
            Some("ios") => Some(Os::Ios),
            Some("javascript") => Some(Os::Web),
            _ => None,
        }
    }
}

fn percent_decoded(text: &str) -> String {
    // This is not form encoding, so a plus sign means itself.
    let pairs = crate::form::Pairs::parse(&format!("o={}", text.replace('+', "%2B").replace('&', "%26")));
    pairs.ok().and_then(|pairs| pairs.one("o").ok().flatten().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sdk_is_read() {
        let android = Ka::parse(
            "sdk/2.20.0 sdk_type/kotlin os/android-33 lang/ko-KR origin/Ab+/cdEFghIJklmnOPqrstUVwx0= device/PIXEL android_pkg/com.example app_ver/1.0",
        );
        assert_eq!((android.os(), android.origin.as_str()), (Some(Os::Android), "Ab+/cdEFghIJklmnOPqrstUVwx0="));
        let ios =
            Ka::parse("sdk/2.27.3 sdk_type/swift os/ios-17.2 lang/ko-KR res/1x2 origin/com.example.app app_ver/1");
        assert_eq!((ios.os(), ios.origin.as_str()), (Some(Os::Ios), "com.example.app"));
        for web in ["origin/http%3A%2F%2Flocalhost%3A3000", "origin/http://localhost:3000"] {
            let web = Ka::parse(&format!("sdk/2.7.1 os/javascript sdk_type/javascript lang/ko device/Linux {web}"));
            assert_eq!((web.os(), web.origin.as_str()), (Some(Os::Web), "http://localhost:3000"));
        }
        assert_eq!(Ka::parse("nonsense").os(), None);
        assert_eq!(Ka::parse("os/javascript origin/%zz").origin, "");
    }
}
