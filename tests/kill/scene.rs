//! A repository, what an undisturbed harvest makes of it, and processes that are killed while they do the same.

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Duration};

use granary_test_repository::{Server, Settings};
use serde_json::{Value, json};

use crate::{
    instant::Instant,
    process::Process,
    support::{self, Granary, repository},
};

/// How many processes a test kills, unless `GRANARY_KILLS` says otherwise.
const KILLS: usize = 20;

/// How many are killed at most before one granary is finished and looked at.
const KILLS_OF_A_GRANARY: usize = 5;

/// A repository, and what a harvest of it has to come to.
pub(crate) struct Scene {
    server: Server,
    /// The newest datestamp that is asked for. Requests are kept in the manifests: they must not differ by the time.
    until: String,
    /// What is there before it.
    before: Option<Granary>,
    expected: BTreeMap<String, Vec<u8>>,
    /// How many requests an undisturbed one makes.
    requests: usize,
}

/// Commands that run at the same time.
pub(crate) struct Stage {
    /// They have to end well by themselves. `harvest` stands for the harvest of the scene's repository.
    pub(crate) to_the_end: Vec<&'static str>,
    /// They are interrupted when those have ended.
    pub(crate) until_then: Vec<&'static str>,
}

impl Scene {
    /// A first harvest.
    pub(crate) async fn new(settings: Settings) -> Self {
        let server = repository(settings).await;
        let until = "2020-12-31".to_owned();
        let mut scene = Self { server, until, before: None, expected: BTreeMap::new(), requests: 0 };
        scene.expected = scene.undisturbed().tree("s");
        scene
    }

    /// A second harvest, after all kinds of changes.
    pub(crate) async fn changed(settings: Settings) -> Self {
        let mut scene = Self::new(settings).await;
        scene.before = Some(scene.undisturbed());
        for item in 1..=20 {
            match item % 3 {
                0 => scene.server.delete(item),
                1 => scene.server.change(item),
                _ => scene.server.reuse(item),
            }
        }
        scene.until = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        // Up to now means something else from the next second on.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let expected = scene.undisturbed().tree("s");
        assert_ne!(scene.expected, expected, "there is something to do");
        Self { expected, ..scene }
    }

    /// Harvests undisturbed.
    fn undisturbed(&mut self) -> Granary {
        let granary = self.granary();
        self.server.clear_log();
        Process::start(&granary, "harvest", &self.args("harvest")).must_end_with(0);
        self.requests = self.server.log().len();
        granary
    }

    /// A granary as it is when the harvest begins.
    fn granary(&self) -> Granary {
        let granary = Granary::new();
        if let Some(before) = &self.before {
            let copied = Command::new("cp").arg("-a").arg(before.path()).arg(granary.path()).status();
            assert!(copied.unwrap().success());
        }
        granary
    }

    fn args(&self, command: &str) -> Vec<String> {
        let text = match command.strip_prefix("harvest") {
            Some(options) => {
                let (url, until) = (self.server.oai(), &self.until);
                format!("harvest {url} --silo s --until {until} --workers 2{options}")
            }
            None => command.to_owned(),
        };
        text.split(' ').map(str::to_owned).collect()
    }

    fn start(&self, granary: &Granary, command: &'static str) -> Process {
        Process::start(granary, command, &self.args(command))
    }

    /// Kills processes, starts them again, and compares what they come to, with one granary after the other.
    pub(crate) async fn kill(self, stages: &[Stage]) {
        let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
        let seed = number("GRANARY_SEED").unwrap_or_else(|| fastrand::u64(..));
        let wanted = number("GRANARY_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
        println!("GRANARY_SEED={seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut kills, mut granaries) = (0, 0);
        while kills < wanted {
            let granary = self.granary();
            let budget = random.usize(1..=KILLS_OF_A_GRANARY.min(wanted - kills));
            let mut left = budget;
            for stage in stages {
                self.play(stage, &granary, &mut random, &mut left).await;
            }
            kills += budget - left;
            granaries += 1;
            self.check(&granary);
        }
        println!("{kills} kills, and {granaries} of {granaries} granaries as if undisturbed");
    }

    /// Runs the commands of a stage, and kills one after the other as long as any are `left` to kill.
    async fn play(&self, stage: &Stage, granary: &Granary, random: &mut fastrand::Rng, left: &mut usize) {
        let start = |command: &&'static str| self.start(granary, command);
        let mut processes: Vec<_> = stage.to_the_end.iter().map(start).collect();
        let to_the_end = processes.len();
        while !granary.path().join("_granary/sources/s.json").exists() {
            // Nobody can work for a granary that is not there yet.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        processes.extend(stage.until_then.iter().map(start));
        while *left > 0 {
            let instant = Instant::draw(random, self.requests, self.missing(granary));
            let is_over = || !processes[..to_the_end].iter_mut().any(Process::is_running);
            if !instant.comes(random, &self.server, is_over).await {
                break;
            }
            let victim = random.choice(&mut processes).unwrap();
            if victim.kill() {
                *left -= 1;
                *victim = self.start(granary, victim.command);
            }
        }
        let helpers = processes.split_off(to_the_end);
        processes.into_iter().for_each(|process| process.must_end_with(0));
        for helper in helpers {
            helper.interrupt();
            helper.must_end_with(130);
        }
    }

    /// The files that are still to be written.
    fn missing(&self, granary: &Granary) -> Vec<PathBuf> {
        let silo = granary.path().join("s");
        self.expected.keys().map(|path| silo.join(path)).filter(|path| !path.exists()).collect()
    }

    fn check(&self, granary: &Granary) {
        let found = granary.tree("s");
        let names = |tree: &BTreeMap<String, Vec<u8>>| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&self.expected));
        for (path, bytes) in &self.expected {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(text(&found[path]), text(bytes), "{path}");
        }
        let last = |args: &[&str]| granary.json(0, args).pop().unwrap();
        assert_eq!(last(&["verify"])["unlisted"], 0);
        let status = last(&["status", "s"]);
        let (run, lease, gaps) = (&status["run"], &status["lease"], &status["gaps"]);
        assert_eq!((run, lease, gaps), (&Value::Null, &Value::Null, &json!([])), "{status}");
        let queue = last(&["queue"]);
        let depths = queue.as_object().unwrap().values().filter_map(Value::as_u64);
        assert_eq!(depths.collect::<Vec<_>>(), [0, 0, 0, 0], "{queue}");
        let staging = support::files(&granary.path().join("_granary/local/staging"));
        assert_eq!(staging, Vec::<PathBuf>::new(), "what the killed left was cleared away");
    }
}
