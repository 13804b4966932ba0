//! The shades of an operator's accent color, computed in OKLCH: the hue stays, and lightness changes until every shade
//! can be read on the grounds of our pages.

use std::fmt;

/// The contrast that text needs (WCAG 2.2, 1.4.3).
const TEXT: f64 = 4.5;
/// The contrast that the operator's own color needs on white. A paler color would have to change beyond recognition.
const OWN: f64 = 2.0;
/// The yellow of the Kakao Login button, which belongs to the buttons of services.
const BUTTON: Rgb = Rgb([0xfe, 0xe5, 0x00]);

/// A color of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

/// The shades for one scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shades {
    pub accent: Rgb,
    pub deep: Rgb,
    pub soft: Rgb,
    pub ink: Rgb,
    pub on_accent: Rgb,
}

/// The shades for pages in light and in dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    pub light: Shades,
    pub dark: Shades,
}

/// What differs between light and dark.
struct Scheme {
    /// The grounds: `--surface`, `--bg`, `--sunken` of `assets/kakaw.css`.
    grounds: [Rgb; 3],
    /// The change of lightness that makes a shade easier to read.
    step: f64,
    deep: f64,
    soft: f64,
}

const LIGHT: Scheme = Scheme {
    grounds: [Rgb([0xff; 3]), Rgb([0xf6, 0xf5, 0xf2]), Rgb([0xf2, 0xf0, 0xec])],
    step: -0.01,
    deep: -0.07,
    soft: 0.95,
};
const DARK: Scheme = Scheme {
    grounds: [Rgb([0x1c, 0x1b, 0x18]), Rgb([0x13, 0x12, 0x10]), Rgb([0x27, 0x25, 0x21])],
    step: 0.01,
    deep: 0.06,
    soft: 0.28,
};

impl Rgb {
    /// Reads `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Returns the contrast with another color (WCAG 2.2), 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn on_all(self, grounds: &[Self]) -> bool {
        grounds.iter().all(|ground| self.contrast(*ground) >= TEXT)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A color as lightness, chroma and hue.
#[derive(Clone, Copy)]
struct Lch {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

impl From<Rgb> for Lch {
    fn from(color: Rgb) -> Self {
        let [red, green, blue] = color.linear();
        let l = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let m = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let s = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let a = 1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s;
        let b = 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s;
        let lightness = 0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s;
        Self { lightness, chroma: a.hypot(b), hue: b.atan2(a) }
    }
}

impl Lch {
    /// Returns the color of sRGB. A color that sRGB does not have loses chroma.
    fn rgb(mut self) -> Rgb {
        loop {
            let linear = self.linear();
            if self.chroma <= 0.0 || linear.iter().all(|value| (-1e-4..=1.0 + 1e-4).contains(value)) {
                return Rgb(linear.map(encoded));
            }
            self.chroma = (self.chroma - 0.005).max(0.0);
        }
    }

    fn linear(self) -> [f64; 3] {
        let (b, a) = self.hue.sin_cos();
        let (a, b) = (a * self.chroma, b * self.chroma);
        let l = (self.lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (self.lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (self.lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
        ]
    }

    /// Changes the lightness until the color can be read on every ground.
    fn readable(mut self, step: f64, grounds: &[Rgb]) -> Self {
        while !self.rgb().on_all(grounds) && (0.0..=1.0).contains(&(self.lightness + step)) {
            self.lightness += step;
        }
        self
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is between 0 and 255")]
fn encoded(linear: f64) -> u8 {
    let value = linear.clamp(0.0, 1.0);
    let value = if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

impl Scheme {
    fn shades(&self, own: Lch) -> Shades {
        let accent = own.readable(self.step, &self.grounds);
        let soft = Lch { lightness: self.soft, chroma: own.chroma.min(0.03), ..own }.rgb();
        let [surface, bg, sunken] = self.grounds;
        let ink = accent.readable(self.step, &[surface, bg, sunken, soft]).rgb();
        let deep = Lch { lightness: accent.lightness + self.deep, ..accent }.rgb();
        let accent = accent.rgb();
        let (white, black) = (Rgb([0xff; 3]), Rgb([0x0b; 3]));
        let on_accent = if white.contrast(accent) >= black.contrast(accent) { white } else { black };
        Shades { accent, deep, soft, ink, on_accent }
    }
}

impl Shades {
    /// Returns the pair that cannot be read, if there is one: its names, the contrast found and the contrast needed.
    fn unreadable(&self, grounds: &[Rgb]) -> Option<(&'static str, f64)> {
        let on =
            |color: Rgb, grounds: &[Rgb]| grounds.iter().map(|ground| color.contrast(*ground)).fold(21.0, f64::min);
        let pairs = [
            ("accent on the page", on(self.accent, grounds)),
            ("link on the page", on(self.ink, grounds)),
            ("link on its tint", on(self.ink, &[self.soft])),
            ("text on the accent", on(self.on_accent, &[self.accent, self.deep])),
        ];
        pairs.into_iter().find(|(_, found)| *found < TEXT)
    }
}

impl Accent {
    /// Computes the shades of `#rrggbb`.
    ///
    /// # Errors
    /// It is no color, it is too pale, or it belongs to the Kakao Login button.
    pub fn of(text: &str) -> Result<Self, String> {
        let own = Rgb::parse(text).ok_or_else(|| format!("{text:?} is no color; expected #rrggbb"))?;
        if near(own, BUTTON) {
            return Err(format!(
                "{own} is the color of the Kakao Login button, which belongs to the buttons of services"
            ));
        }
        let found = own.contrast(Rgb([0xff; 3]));
        if found < OWN {
            return Err(format!(
                "{own} has a contrast of {found:.1}:1 on white; at least {OWN:.1}:1 is needed, so that its shades stay \
                 recognizable"
            ));
        }
        let accent = Self { light: LIGHT.shades(own.into()), dark: DARK.shades(own.into()) };
        for (shades, scheme, name) in [(&accent.light, &LIGHT, "light"), (&accent.dark, &DARK, "dark")] {
            if let Some((pair, found)) = shades.unreadable(&scheme.grounds) {
                return Err(format!("{own}: {pair} ({name}) has a contrast of {found:.1}:1; {TEXT}:1 is needed"));
            }
        }
        Ok(accent)
    }

    /// Returns the style sheet.
    #[must_use]
    pub fn sheet(&self) -> String {
        let rules = |shades: &Shades| {
            let Shades { accent, deep, soft, ink, on_accent } = shades;
            format!(
                ":root {{ --accent:{accent}; --accent-deep:{deep}; --accent-soft:{soft}; --accent-ink:{ink}; \
                 --on-accent:{on_accent} }}"
            )
        };
        format!("{}\n@media (prefers-color-scheme:dark) {{ {} }}\n", rules(&self.light), rules(&self.dark))
    }
}

/// Whether people would call both the same color.
fn near(one: Rgb, two: Rgb) -> bool {
    one.0.iter().zip(two.0).all(|(one, two)| one.abs_diff(two) <= 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shades_are_those_of_the_design_system() {
        for (own, light, dark) in [
            ("#0064ff", "#025ff2 #014eca #e7effc #025ff2 #ffffff", "#4a8afd #6ba0fd #202938 #508efd #0b0b0b"),
            ("#e4002b", "#d9062a #b50822 #fceae8 #d9062a #ffffff", "#fe4b50 #fe7874 #362322 #fd5556 #0b0b0b"),
            ("#ff6f0f", "#b54d09 #963f07 #feeae1 #b24a02 #ffffff", "#ff6f0f #ff935f #36241c #ff6f0f #0b0b0b"),
        ] {
            let accent = Accent::of(own).unwrap();
            let text = |s: Shades| [s.accent, s.deep, s.soft, s.ink, s.on_accent].map(|c| c.to_string()).join(" ");
            assert_eq!((text(accent.light), text(accent.dark)), (light.to_owned(), dark.to_owned()), "{own}");
        }
    }

    #[test]
    fn every_shade_can_be_read_whatever_the_hue() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let own = Rgb([red, green, blue]);
                    match Accent::of(&own.to_string()) {
                        Ok(accent) => {
                            assert_eq!(accent.light.unreadable(&LIGHT.grounds), None, "{own}");
                            assert_eq!(accent.dark.unreadable(&DARK.grounds), None, "{own}");
                        }
                        Err(why) => assert!(why.contains("2.0:1 is needed"), "{why}"),
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_color_too_pale_or_the_buttons_is_refused() {
        for (text, why) in [
            ("green", "expected #rrggbb"),
            ("#12345", "expected #rrggbb"),
            ("#+12345", "expected #rrggbb"),
            ("#fffbe0", "1.0:1 on white; at least 2.0:1 is needed"),
            ("#fee500", "the Kakao Login button"),
        ] {
            let refused = Accent::of(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let css = include_str!("../../assets/kakaw.css");
        let mut blocks = css.split(":root {").skip(1);
        for scheme in [LIGHT, DARK] {
            let block = blocks.next().unwrap();
            for (name, ground) in ["surface", "bg", "sunken"].into_iter().zip(scheme.grounds) {
                let text = ground.to_string().replace("#ffffff", "#fff");
                assert!(block.contains(&format!("--{name}:{text};")), "{name}: {text}");
            }
        }
    }
}
