//! Signatures that anybody can verify and only the sender can make: ECDSA P-256 and RSA, over SHA-256.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};

use crate::providers::webhook::{Verify, WebhookSettings};

/// Live public keys of one provider.
pub(super) struct PublicKeys {
    keys: Vec<Vec<u8>>,
    verify: Verify,
}

impl std::fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} public keys", self.keys.len())
    }
}

impl PublicKeys {
    /// The keys of these settings, which have no problems.
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        let keys = settings.secrets.iter().filter_map(|key| settings.key_bytes(key).ok()).collect();
        Self { keys, verify: settings.verify }
    }

    /// Whether one of the signatures is that of the pieces by one of the keys. Nothing in it is secret.
    pub(super) fn fits(&self, pieces: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        let message = pieces.concat();
        signatures.iter().any(|signature| {
            let algorithm = self.algorithm(signature);
            self.keys.iter().any(|key| UnparsedPublicKey::new(algorithm, key).verify(&message, signature).is_ok())
        })
    }

    /// A signature of ECDSA is two numbers: beside each other (64 bytes), or wrapped in ASN.1, which is longer.
    fn algorithm(&self, signature: &[u8]) -> &'static dyn VerificationAlgorithm {
        const BESIDE: usize = 64;
        match self.verify {
            Verify::RsaPss => &RSA_PSS_2048_8192_SHA256,
            Verify::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            _ if signature.len() == BESIDE => &ECDSA_P256_SHA256_FIXED,
            _ => &ECDSA_P256_SHA256_ASN1,
        }
    }
}
