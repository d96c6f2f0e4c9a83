//! What a device proves to an application.

use wardseal_types::{Base64Url, DeviceId, FixedBytes, TenantId, UserId};

use crate::endpoint::body;

body! {
    /// A device's signature for an application that lets people log in by it
    /// (`spec/08-sign-in.md`). It travels to the application's server, never to the key server,
    /// which would not accept it.
    pub struct DeviceProof {
        /// The tenant.
        pub tenant: TenantId,
        /// The user.
        pub user: UserId,
        /// The device.
        pub device: DeviceId,
        /// For whom the proof is: the origin of the application.
        pub audience: String,
        /// What the application drew, as it was given.
        pub challenge: String,
        /// Ed25519 signature by the device, or by the key that it certified, over the sign-in
        /// message, under the label of proofs.
        pub signature: FixedBytes<64>,
        /// The certificate of the day, if its key signed.
        pub certificate: Option<Base64Url>,
    }
}
