//! Enumerations whose values travel as short strings.

/// Defines an enumeration with its codes: `ALL`, `code`, `FromStr`, `Display`, serde by code.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$about:meta])* $variant:ident = $code:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$about])* #[serde(rename = $code)] $variant, )+
        }

        impl $name {
            /// All values, in the order in which people read them.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The code that travels and is stored.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                out.write_str(self.code())
            }
        }

        impl core::str::FromStr for $name {
            type Err = crate::label::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $( $code => Ok(Self::$variant), )+
                    _ => Err(crate::label::UnknownCode),
                }
            }
        }
    };
}

pub(crate) use codes;
