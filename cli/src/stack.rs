//! A stack that was deployed with `template.yaml`: its outputs say where everything is.

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_sdk_cloudformation::{Client, error::ProvideErrorMetadata};

use crate::{args::Global, exit::Misuse};

/// A deployed stack.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    name: String,
    outputs: BTreeMap<String, String>,
}

/// The stack that the options name, if they do. Its granary and its queue take the place of those that the options name.
pub(crate) async fn of(global: &mut Global) -> anyhow::Result<Option<Stack>> {
    let Some(name) = global.stack.clone() else { return Ok(None) };
    let stack = Stack::find(name).await?;
    global.granary = stack.output("Granary")?.to_owned();
    global.queue = Some(stack.output("QueueUrl")?.to_owned());
    Ok(Some(stack))
}

impl Stack {
    async fn find(name: String) -> anyhow::Result<Self> {
        let config = granary_host::aws_config().await;
        let region = config.region().map_or("no region", AsRef::as_ref);
        let described = Client::new(config).describe_stacks().stack_name(&name).send().await;
        let stacks = match described {
            Ok(described) => described.stacks.unwrap_or_default(),
            Err(error) if error.code() == Some("ValidationError") => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot look up the stack {name} in {region}"));
            }
        };
        let Some(stack) = stacks.into_iter().next() else {
            let text = format!(
                "there is no stack {name} in {region}; `sam deploy` makes one, AWS_REGION and AWS_PROFILE say where it is looked for"
            );
            return Err(Misuse(text).into());
        };
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        let outputs = outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect();
        Ok(Self { name, outputs })
    }

    /// One of the outputs.
    pub(crate) fn output(&self, name: &str) -> anyhow::Result<&str> {
        let text =
            || Misuse(format!("the stack {} has no output {name}: it is none of Granary's", self.name));
        Ok(self.outputs.get(name).ok_or_else(text)?)
    }
}
