// Which key does what. Never Backspace: it is pressed by accident.

export const KEYS = [
  { keys: ["a"], command: "accept", label: "Accept" },
  { keys: ["x"], command: "reject", label: "Reject" },
  { keys: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], command: "score", label: "Give this score", shown: "0 to 9" },
  { keys: ["s"], command: "skip", label: "Skip" },
  { keys: ["u"], command: "undo", label: "Undo the last decision" },
  { keys: ["e"], command: "edit", label: "Edit the text (Ctrl+Enter saves, Esc leaves)" },
  { keys: ["f"], command: "flag", label: "Flag" },
  { keys: ["j", "ArrowRight", "Enter"], command: "next", label: "Next, without deciding", shown: "j, → or Enter" },
  { keys: ["k", "ArrowLeft"], command: "previous", label: "Previous", shown: "k or ←" },
  { keys: ["m"], command: "more", label: "Show the whole text" },
  { keys: ["?"], command: "help", label: "These keys" },
];

const MAY_REPEAT = new Set(["next", "previous"]);
const COMMANDS = new Map(KEYS.flatMap(({ keys, command }) => keys.map((key) => [key, command])));

const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

const isPressed = (target, key) => key === "Enter" && target instanceof HTMLElement && target.closest("button, a, summary");

/** Call `run(command, key)` for keys that mean something here. */
export function listen(run) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (isTyping(event.target) || isPressed(event.target, event.key) || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const command = COMMANDS.get(key);
    if (!command) return;
    event.preventDefault();
    // A key held down is one decision, not thirty.
    if (event.repeat && !MAY_REPEAT.has(command)) return;
    run(command, key);
  });
}
