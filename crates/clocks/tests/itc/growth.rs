//! How large stamps become when actors come and go: the curve that the crate's front page shows.

use clocks::itc::Stamp;
use clocks::wire::Wire;

/// A small generator that gives the same numbers everywhere (SplitMix64, Steele 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// To whom an actor that leaves gives its stamp.
#[derive(Clone, Copy, Debug)]
enum Heir {
    /// Anybody.
    Random,
    /// The one it was forked from, or, if that has left, whoever took that over.
    Parent,
    /// The one with whom it owns the fewest pieces.
    Neighbour,
    /// As `Random`, but anybody who meets also divides anew what both own.
    RandomWithSync,
}

struct Actor {
    stamp: Stamp,
    name: usize,
}

struct Churn {
    heir: Heir,
    random: Random,
    actors: Vec<Actor>,
    /// For each name, who answers for its children: the parent, or the one that took it over.
    parents: Vec<usize>,
    /// For each name that has left, its heir.
    heirs: Vec<Option<usize>>,
}

impl Churn {
    fn new(heir: Heir, seed: u64) -> Self {
        let first = Actor {
            stamp: Stamp::seed(),
            name: 0,
        };
        let mut churn = Self {
            heir,
            random: Random(seed),
            actors: vec![first],
            parents: vec![0],
            heirs: vec![None],
        };
        while churn.actors.len() < LIVE {
            churn.arrive();
        }
        churn
    }

    /// One arrival, one departure, and one message between two actors.
    fn step(&mut self) {
        self.arrive();
        self.leave();
        let sender = self.random.below(self.actors.len());
        let message = self.actors[sender].stamp.send().unwrap();
        let receiver = self.random.below(self.actors.len());
        if receiver == sender {
            return;
        }
        self.actors[receiver].stamp.receive(&message).unwrap();
        if matches!(self.heir, Heir::RandomWithSync) {
            let (front, back) = self.actors.split_at_mut(sender.max(receiver));
            let (one, other) = (&mut front[sender.min(receiver)].stamp, &mut back[0].stamp);
            one.sync(other).unwrap();
        }
    }

    fn arrive(&mut self) {
        let parent = self.random.below(self.actors.len());
        let stamp = self.actors[parent].stamp.fork().unwrap();
        let name = self.parents.len();
        self.parents.push(self.actors[parent].name);
        self.heirs.push(None);
        self.actors.push(Actor { stamp, name });
    }

    fn leave(&mut self) {
        let at = self.random.below(self.actors.len());
        let leaving = self.actors.swap_remove(at);
        let heir = match self.heir {
            Heir::Random | Heir::RandomWithSync => self.random.below(self.actors.len()),
            Heir::Parent => self.parent_of(leaving.name),
            Heir::Neighbour => self.neighbour_of(&leaving.stamp),
        };
        self.heirs[leaving.name] = Some(self.actors[heir].name);
        self.actors[heir].stamp.join(leaving.stamp).unwrap();
    }

    /// The place of the parent, or of whoever has its stamp now; of the first that is left if that
    /// is the one leaving itself, as when a parent left to its child.
    fn parent_of(&self, name: usize) -> usize {
        let mut parent = self.parents[name];
        while let Some(heir) = self.heirs[parent] {
            parent = heir;
        }
        let place = self.actors.iter().position(|actor| actor.name == parent);
        place.unwrap_or(0)
    }

    fn neighbour_of(&self, leaving: &Stamp) -> usize {
        let added = |stamp: &Stamp| {
            let joined = stamp.joined_id_leaves(leaving).unwrap();
            joined as isize - stamp.id_leaves() as isize
        };
        let places = 0..self.actors.len();
        places
            .min_by_key(|&at| added(&self.actors[at].stamp))
            .unwrap()
    }

    /// The leaves of the largest events, and the bytes of the largest stamp.
    fn sizes(&self) -> (usize, usize) {
        let stamps = || self.actors.iter().map(|actor| &actor.stamp);
        (
            stamps().map(|stamp| stamp.peek().leaves()).max().unwrap(),
            stamps().map(|stamp| stamp.to_bytes().len()).max().unwrap(),
        )
    }
}

/// How many actors live at any time.
const LIVE: usize = 16;

const STEPS: [usize; 6] = [100, 300, 1_000, 3_000, 5_000, 20_000];

/// The sizes after so many [`STEPS`], as the mean of three runs.
fn curve(heir: Heir) -> [(usize, usize); STEPS.len()] {
    const RUNS: usize = 3;
    let mut runs = [1, 2, 3].map(|seed| Churn::new(heir, seed));
    let mut step = 0;
    STEPS.map(|until| {
        while step < until {
            runs.iter_mut().for_each(Churn::step);
            step += 1;
        }
        let sizes = runs.iter().map(Churn::sizes);
        let sum = sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        (sum.0 / RUNS, sum.1 / RUNS)
    })
}

#[test]
fn a_stamp_left_to_the_neighbour_keeps_all_stamps_small() {
    let expected = [(27, 39), (33, 48), (40, 55), (30, 44), (32, 47), (30, 41)];
    assert_eq!(curve(Heir::Neighbour), expected);
}

#[test]
fn a_stamp_left_to_anybody_makes_all_stamps_several_times_larger() {
    let expected = [
        (51, 75),
        (78, 117),
        (101, 151),
        (87, 131),
        (103, 157),
        (108, 164),
    ];
    assert_eq!(curve(Heir::Random), expected);
}

#[test]
fn a_stamp_left_to_its_parent_is_not_better_than_to_anybody() {
    let expected = [
        (45, 64),
        (78, 110),
        (108, 159),
        (142, 206),
        (75, 110),
        (91, 130),
    ];
    assert_eq!(curve(Heir::Parent), expected);
}

#[test]
fn dividing_anew_at_each_message_helps_those_who_leave_to_anybody() {
    let expected = [(45, 65), (57, 82), (54, 81), (73, 104), (64, 91), (58, 87)];
    assert_eq!(curve(Heir::RandomWithSync), expected);
}
