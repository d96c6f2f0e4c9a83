//! The words by which choices are called wherever people and programs meet them: on the command
//! line, in JavaScript, in Python. They are part of every interface, so they stand once.

/// Gives an enumeration `word` and `from_word`.
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Colour {
///     Red,
///     Blue,
/// }
/// wardseal_types::words!(Colour { Red: "red", Blue: "blue" });
///
/// assert_eq!(Colour::Red.word(), "red");
/// assert_eq!(Colour::from_word("blue"), Some(Colour::Blue));
/// assert_eq!(Colour::from_word("green"), None);
/// ```
#[macro_export]
macro_rules! words {
    ($name:ident { $($variant:ident: $word:literal),+ $(,)? }) => {
        impl $name {
            /// How it is called on the command line and in every language.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What is called so.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
