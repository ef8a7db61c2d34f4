//! Queues of the local cloud, for one test each. Where there is none the test says that it was not run.

use std::{collections::HashMap, sync::Arc};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::{
    Client,
    config::Credentials,
    types::QueueAttributeName::{self, QueueArn, RedrivePolicy},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use granary_queue::{Queue, SqsQueue};

/// `localstack/run` sets it.
const ENDPOINT: &str = "GRANARY_LOCALSTACK";

pub(crate) async fn new() -> Option<(Arc<dyn Queue>, ())> {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        eprintln!("not run: {ENDPOINT} is not set; `localstack/run cargo test …` sets it");
        return None;
    };
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(Credentials::new(
            "test",
            "test",
            None,
            None,
            "the local cloud",
        )))
        .build();
    let client = Client::new(&config);
    let name = format!("suite-{:016x}", fastrand::u64(..));
    let dead = create(&client, &format!("{name}-dead"), HashMap::new()).await;
    let policy =
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"20"}}"#, arn(&client, &dead).await);
    let url = create(&client, &name, HashMap::from([(RedrivePolicy, policy)])).await;
    Some((Arc::new(SqsQueue::open(&config, &url).await.unwrap()), ()))
}

async fn create(client: &Client, name: &str, attributes: HashMap<QueueAttributeName, String>) -> String {
    let made = client.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await;
    made.unwrap().queue_url.unwrap()
}

async fn arn(client: &Client, url: &str) -> String {
    let asked = client.get_queue_attributes().queue_url(url).attribute_names(QueueArn).send().await;
    asked.unwrap().attributes.unwrap()[&QueueArn].clone()
}
