//! From a URL to the client that speaks to its server.

use std::sync::Arc;

use object_store::ClientConfigKey;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::{ObjectStore, RetryConfig};
use rustls::crypto::CryptoProvider;

use super::{RemoteError, RemoteFolder, RemoteOptions};

/// The folder that a URL names; no request is made yet.
///
/// # Errors
/// [`RemoteError`] if the URL or a setting cannot be understood.
pub(crate) fn connect(url: &str, options: &RemoteOptions) -> Result<RemoteFolder, RemoteError> {
    if CryptoProvider::get_default().is_none() {
        // If another thread was faster, its provider serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let failed = |source| RemoteError::Connect { url: url.to_owned(), source };
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (bucket, inside) = rest.split_once('/').unwrap_or((rest, ""));
    for (key, _) in &options.settings {
        let key = key.to_ascii_lowercase();
        let is_known = key.parse::<AmazonS3ConfigKey>().is_ok()
            || key.parse::<GoogleConfigKey>().is_ok()
            || key.parse::<ClientConfigKey>().is_ok();
        if !is_known {
            return Err(RemoteError::Setting { key });
        }
    }
    let settings = || options.settings.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.as_str()));
    // Tries are counted in one place, which also sees bodies that end too early.
    let once = || RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let timeout = format!("{}ms", options.timeout.as_millis());
    let (store, prefix, can_list): (Arc<dyn ObjectStore>, &str, bool) =
        match scheme.to_ascii_lowercase().as_str() {
            "s3" | "s3a" => {
                let start = AmazonS3Builder::from_env()
                    .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), timeout)
                    .with_bucket_name(bucket)
                    .with_retry(once());
                let builder = settings().fold(start, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                (Arc::new(builder.build().map_err(failed)?), inside, true)
            }
            "gs" => {
                let start = GoogleCloudStorageBuilder::from_env()
                    .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), timeout)
                    .with_bucket_name(bucket)
                    .with_retry(once());
                let builder = settings().fold(start, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                (Arc::new(builder.build().map_err(failed)?), inside, true)
            }
            _ => {
                let start = HttpBuilder::new()
                    .with_url(url)
                    .with_config(ClientConfigKey::AllowHttp, "true")
                    .with_config(ClientConfigKey::Timeout, timeout)
                    .with_retry(once());
                let builder = settings().fold(start, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                (Arc::new(builder.build().map_err(failed)?), "", false)
            }
        };
    let prefix = prefix.trim_matches('/').to_owned();
    Ok(RemoteFolder { url: url.to_owned(), store, prefix, can_list, options: options.clone() })
}
