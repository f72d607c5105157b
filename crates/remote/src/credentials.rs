//! Whether there are credentials at all, before a server is asked with none, or somebody else for some.

use std::env;
use std::path::Path;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};

use super::RemoteError;

/// Checks that S3 requests can be signed, or need not be.
///
/// Without keys, `object_store` asks the metadata service of the cloud machine, which it takes itself to be on. It may
/// if it was told to, by the options or by the variable that names the service.
///
/// # Errors
/// [`RemoteError::NoCredentials`] otherwise.
pub(super) fn check_aws(builder: &AmazonS3Builder, asks_instance: bool) -> Result<(), RemoteError> {
    use AmazonS3ConfigKey as Key;
    let has = |keys: &[Key]| keys.iter().all(|key| builder.get_config_value(key).is_some());
    let has_role = has(&[Key::WebIdentityTokenFile, Key::RoleArn])
        || has(&[Key::ContainerCredentialsRelativeUri])
        || has(&[Key::ContainerCredentialsFullUri, Key::ContainerAuthorizationTokenFile])
        || has(&[Key::MetadataEndpoint]);
    let missing = match (has(&[Key::AccessKeyId]), has(&[Key::SecretAccessKey])) {
        (true, true) => return Ok(()),
        (true, false) => Some("AWS_SECRET_ACCESS_KEY"),
        (false, true) => Some("AWS_ACCESS_KEY_ID"),
        (false, false) => None,
    };
    if is_true(builder.get_config_value(&Key::SkipSignature)) {
        return Ok(());
    }
    if missing.is_none() && (has_role || asks_instance) {
        return Ok(());
    }
    Err(RemoteError::NoCredentials {
        needed: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        public: "AWS_SKIP_SIGNATURE",
        missing,
    })
}

/// As [`check_aws`], for Google: a file of credentials, the one that `gcloud` writes, or none for public buckets.
///
/// # Errors
/// [`RemoteError::NoCredentials`] if there is nothing of it.
pub(super) fn check_google(
    builder: &GoogleCloudStorageBuilder,
    asks_instance: bool,
) -> Result<(), RemoteError> {
    use GoogleConfigKey as Key;
    let named = [Key::ServiceAccount, Key::ServiceAccountKey, Key::ApplicationCredentials, Key::BearerToken];
    let is_named = named.iter().any(|key| builder.get_config_value(key).is_some());
    let is_public = is_true(builder.get_config_value(&Key::SkipSignature));
    if is_named || is_public || asks_instance || has_gcloud_file() {
        return Ok(());
    }
    Err(RemoteError::NoCredentials {
        needed: "GOOGLE_APPLICATION_CREDENTIALS",
        public: "GOOGLE_SKIP_SIGNATURE",
        missing: None,
    })
}

fn is_true(value: Option<String>) -> bool {
    // As `object_store` reads truth.
    value
        .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y"))
}

/// Where `gcloud auth application-default login` leaves credentials, which `object_store` reads.
fn has_gcloud_file() -> bool {
    let (home, file) = if cfg!(windows) {
        ("APPDATA", "gcloud/application_default_credentials.json")
    } else {
        ("HOME", ".config/gcloud/application_default_credentials.json")
    };
    env::var_os(home).is_some_and(|home| Path::new(&home).join(file).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(settings: &[(AmazonS3ConfigKey, &str)], asks_instance: bool) -> Result<(), String> {
        let start = AmazonS3Builder::new();
        let builder = settings.iter().fold(start, |builder, (key, value)| builder.with_config(*key, *value));
        check_aws(&builder, asks_instance).map_err(|error| error.to_string())
    }

    #[test]
    fn the_metadata_service_is_only_asked_by_those_who_were_told_to() {
        use AmazonS3ConfigKey as Key;
        let refused = "got no credentials, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_SKIP_SIGNATURE=true for a \
            public bucket, or reading.remote.instance_credentials: true on a machine of the cloud that has a role (files of \
            other programs such as ~/.aws are not read)";
        assert_eq!(aws(&[], false), Err(refused.to_owned()));
        assert_eq!(aws(&[(Key::SkipSignature, "false")], false), Err(refused.to_owned()));
        assert_eq!(aws(&[(Key::WebIdentityTokenFile, "x")], false), Err(refused.to_owned()));
        assert_eq!(aws(&[], true), Ok(()));
        for told in [
            &[(Key::SkipSignature, "true")][..],
            &[(Key::AccessKeyId, "a"), (Key::SecretAccessKey, "b")],
            &[(Key::WebIdentityTokenFile, "x"), (Key::RoleArn, "y")],
            &[(Key::ContainerCredentialsRelativeUri, "/x")],
            &[(Key::ContainerCredentialsFullUri, "x"), (Key::ContainerAuthorizationTokenFile, "y")],
            &[(Key::MetadataEndpoint, "http://127.0.0.1:1")],
        ] {
            assert_eq!(aws(told, false), Ok(()), "{told:?}");
        }
    }

    #[test]
    fn half_a_key_is_told() {
        use AmazonS3ConfigKey as Key;
        for (given, missing) in
            [(Key::AccessKeyId, "AWS_SECRET_ACCESS_KEY"), (Key::SecretAccessKey, "AWS_ACCESS_KEY_ID")]
        {
            let error = aws(&[(given, "x")], true).unwrap_err();
            assert!(
                error.starts_with(&format!("got no credentials because {missing} is not set, set ")),
                "{error}"
            );
        }
    }

    #[test]
    fn google_needs_a_file_or_leave_to_ask() {
        let check = |key: Option<GoogleConfigKey>, asks_instance| {
            let builder = GoogleCloudStorageBuilder::new();
            let builder = match key {
                Some(key) => builder.with_config(key, "true"),
                None => builder,
            };
            check_google(&builder, asks_instance)
        };
        assert_eq!(check(None, false).is_ok(), has_gcloud_file());
        assert!(check(None, true).is_ok());
        assert!(check(Some(GoogleConfigKey::SkipSignature), false).is_ok());
        assert!(check(Some(GoogleConfigKey::ApplicationCredentials), false).is_ok());
    }
}
