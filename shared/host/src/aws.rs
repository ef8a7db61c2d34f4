//! The configuration of the AWS SDK.

use std::time::Duration;

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_types::{SdkConfig, region::Region};
use tokio::sync::OnceCell;

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// Region, credentials and endpoints, from the standard variables and profiles of AWS (`AWS_REGION`, `AWS_PROFILE`,
/// `AWS_ENDPOINT_URL`, …). Read once. The region is `us-east-1` when nothing says another.
pub async fn aws_config() -> &'static SdkConfig {
    CONFIG.get_or_init(load).await
}

async fn load() -> SdkConfig {
    // The same TLS as everywhere else in the program.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    // Longer than the longest poll of a queue.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .load()
        .await;
    match config.region() {
        Some(_) => config,
        None => config.into_builder().region(Region::from_static("us-east-1")).build(),
    }
}
