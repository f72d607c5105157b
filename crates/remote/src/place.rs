//! Which server and bucket objects are in, as messages call it.

/// Which server and bucket, for messages.
#[derive(Debug)]
pub struct Place {
    pub server: String,
    pub bucket: String,
    pub service: Service,
}

/// What the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    S3,
    Google,
    Http,
    /// The memory of this process.
    Memory,
}

impl Service {
    /// What to look at where a server refuses, for the end of a message.
    pub fn check(self) -> &'static str {
        match self {
            Service::S3 => ", check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what the key may do",
            Service::Google => ", check GOOGLE_APPLICATION_CREDENTIALS and what the account may do",
            Service::Http | Service::Memory => "",
        }
    }

    /// What says in which region a bucket is.
    pub fn region(self) -> &'static str {
        match self {
            Service::S3 => "AWS_REGION to it",
            Service::Google | Service::Http | Service::Memory => "the URL to it",
        }
    }
}
