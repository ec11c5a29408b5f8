// What the modules of static/review hand to each other. Read by the type checker alone.

/** The element that `make` makes of a tag and classes, such as "p.rondo-muted". */
type ElementOf<What extends string> = What extends `${infer Tag}.${string}` ? Tagged<Tag> : Tagged<What>;
type Tagged<Tag> = Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement;

type Verdict = "accept" | "reject";
/** What a sample of an item is called on screen, by its number. */
type Names = (id: number) => string;
/** What a name of a button, its label and its look are. */
type ButtonOf = [name: string, label: string, look: string];

interface Failure {
  type: string;
  message: string;
  retry_after?: number;
}

interface Message {
  role: string;
  content: string;
}

interface JudgeView {
  score: number | null;
  verdict: Verdict | null;
  spread: number | null;
  replies: { judge: string; score: number | null; verdict: Verdict | null; rationale: string }[];
}

/** What a decision says; `value` as the server keeps it for the kind. */
interface Decision {
  kind: string;
  score?: number | null;
  value?: any;
}

/** The person's own decision; `saved`: the server has it. */
interface Mine extends Decision {
  client_id: string;
  is_override?: boolean | null;
  late?: boolean;
  saved: boolean;
}

interface Sample {
  sample_id: number;
  text: string;
  finish_reason: string;
  num_tokens: number;
  score_like: boolean;
  judge: JudgeView | null;
  edits?: string[];
  turns?: Message[];
  /** Texts that the model made of it on this page. */
  repairs?: { job: number; text: string }[];
  /** What the person answered, by the number of the question. */
  answers?: AnswersGiven;
  /** Of these, what the server has. */
  stood?: AnswersGiven;
}

/** What a person answered to a question: what stands in it goes by the kind of the question. */
interface AnswerValue {
  rating?: number;
  label?: string;
  labels?: string[];
  text?: string;
  spans?: { start: number; end: number; label: string }[];
}
type AnswersGiven = Record<string, AnswerValue | null | undefined>;

/** A question of the project; `options.labels`: what is chosen from. */
interface Question {
  id: number;
  key: string;
  kind: "rating" | "label" | "labels" | "text" | "spans";
  title: string;
  help: string;
  options: { highest: number; labels: string[] };
  is_required: boolean;
  is_active: boolean;
}

interface Item extends Sample {
  messages: Message[];
  members: Sample[] | null;
  num_members: number;
  reason: string | null;
  is_random: boolean;
  lease_until: string | null;
  flag: string | null;
  mine: Mine | null;
  others: (Decision & { who: string; note: string })[];
  /** Who has it instead. */
  holder?: string;
}

/** An item that is a group. */
interface GroupItem extends Item {
  members: Sample[];
}

/** What was chosen of a group so far. */
interface Choice {
  best: number | null;
  worst: number | null;
  order?: number[] | null;
}

interface Progress {
  samples: number;
  decided: number;
  remaining: number;
  ends_at: string | null;
  quota: number | null;
  is_open: boolean;
  mine: { decided: number; overridden: number };
  people: { user_id: number; name: string; is_here: boolean }[];
}

interface RoundLink {
  id: number;
  number: number;
  is_open: boolean;
}

interface OpenedRound extends RoundLink {
  is_blind: boolean;
  /** Whether a decision made before the judge's view was seen counts as blind. */
  counts_as_blind: boolean;
  has_overlap: boolean;
  why_closed: string;
  closed_because: "not_reviewed" | "before_review" | "over" | "ended";
  has_chain: boolean;
  can_close: boolean;
}

/** What the server says of a desk when it is opened, and of the person. */
interface Opened {
  me: number;
  rounds: RoundLink[];
  round: OpenedRound;
  mode: "sample" | "group" | "pair" | "judgment";
  order: string;
  guidelines: string;
  /** How the figures on the judge come to what they need; empty where they have it. */
  advice: string;
  questions: Question[];
  scores: number[];
  scale: [number, number] | null;
  why: string[];
  ahead: number;
  actions: import("../../static/review/keys.js").Action[];
  progress: Progress;
  shows: { text: string; grey_common: boolean; guidelines_open: boolean };
}

/** A way to decide: `names` and what comes after it are a group's. */
interface Mode {
  buttons: ButtonOf[];
  paint(item: any): void;
  names?: (item: any) => Names;
  title?: (n: number) => string;
  pick?: (item: any) => Choice;
  forget?: (item: any) => void;
  leave?: (item: any) => void;
  knows(name: string): boolean;
  run(name: string): boolean;
  submit(): boolean;
  chosen?: (item: any) => string;
}

/** A decision as it is sent. */
interface Act {
  client_id: string;
  kind: string;
  sample_id: number;
  text?: string;
  note?: string;
  value?: any;
  /** The client_id of the decision that an undo takes back; null: the last one. */
  retracts?: string | null;
  [more: string]: any;
}

/** What was done here and may be taken back: `before` and `after` are the item's `mine` then. */
interface Done {
  kind: string;
  client_id: string;
  text?: string;
  item: Item;
  target: Sample;
  before: Mine | null;
  after?: Mine | null;
  /** Of an answer: the question, and the answer that stood before. */
  question?: Question;
  stood?: AnswerValue | null;
}

/** The elements of the desk, made once. */
interface Parts {
  unsaved: HTMLElement;
  tally: HTMLElement;
  progress: HTMLElement;
  here: HTMLElement;
  lease: HTMLElement;
  advice: HTMLElement;
  spoken: HTMLElement;
  message: HTMLElement;
  otherRounds: HTMLElement;
  outcomes: HTMLElement;
  find: HTMLElement;
  prompt: HTMLElement;
  answer: HTMLElement;
  work: HTMLElement;
  compare: HTMLElement;
  facts: HTMLElement;
  mine: HTMLElement;
  assist: HTMLElement;
  revealed: HTMLElement;
  history: HTMLDetailsElement;
  comments: HTMLDetailsElement;
  chain: HTMLDetailsElement;
  actions: HTMLElement;
  help: HTMLDialogElement;
  closing: HTMLDialogElement;
  palette: HTMLDialogElement;
  round: HTMLSelectElement;
  order: HTMLSelectElement;
  close: HTMLElement | null;
  guidelines: HTMLDetailsElement | null;
  desk: HTMLElement;
}

/** What a mode needs of the desk. */
interface ModeNeeds {
  review: import("../../static/review/review.js").Review;
  queue: import("../../static/review/queue.js").Queue;
  status: import("../../static/review/status.js").Status;
  work: import("../../static/review/work.js").Work;
  bindings: import("../../static/review/keys.js").Bindings;
  answer: HTMLElement;
  assist: HTMLElement;
  /** The nodes of a text, rendered or raw. */
  text(value: string): HTMLElement[];
  isShown(item: Item): boolean;
  paint(how?: { keep?: boolean }): void;
  /** Show anew what is chosen. */
  paintMine(): void;
  decide(kind: string, more?: { score?: number; value?: object }, item?: Item): void;
  /** The project's questions about a sample of a group. */
  asks: { turn(sample: Sample): void; afterChoice(item: Item, value: Choice): string };
}

/** The libraries of static/vendor, which have no types here. */
declare var markdownit: any;
declare var katex: any;
declare var Diff: any;
declare function importScripts(address: string): void;
/** The keys pressed before the desk was there. */
declare var rondoWords: Promise<{ gettext: typeof import("../../static/gettext.js").gettext }>;
declare var rondoEarlyKeys: (() => KeyboardEvent[]) | undefined;
declare module "/static/vendor/*";
declare var gradio_config: any;
