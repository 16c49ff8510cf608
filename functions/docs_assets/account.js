"use strict";

// The account's page. It asks the API as any caller does. What comes back is only ever put in as text.

const PAYERS_SHOWN = 10;
const PAYERS_NAMED = 3;
const PAGE = 25;
const TYPING_PAUSE_MS = 150;
const LONGEST_WAIT_MS = 2 ** 31 - 2000; // of a timer
const LOOK_AGAIN_MS = 30_000; // when by this clock something is due that is not by the ledger's

const LANGUAGE = "en-GB"; // the page's own
const points = new Intl.NumberFormat(LANGUAGE);
const signed = new Intl.NumberFormat(LANGUAGE, { signDisplay: "exceptZero" });
const clock = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full" });
const time = new Intl.DateTimeFormat(LANGUAGE, { ...clock, second: "2-digit" });
const moment = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short", year: "numeric", ...clock });

const part = (id) => document.getElementById(id);
const withSign = (amount) => signed.format(amount).replace("-", "−");
const sum = (amounts) => amounts.reduce((all, of) => all + of, 0);
const inPoints = (amount) => `${points.format(amount)} ${amount === 1 ? "point" : "points"}`;

/** Make an element. Properties that it does not have are attributes. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Put a text that its callers wrote into its own direction. */
const isolated = (text) => make("bdi", {}, text);

function when(text, format = moment) {
  return make("time", { dateTime: text, title: text }, format.format(new Date(text)));
}

/* --- Where we are --- */

// The address says what is shown: #account=…&reference=…&line=…
const here = () => new URLSearchParams(location.hash.slice(1));
const account = () => here().get("account") ?? "";
const reference = () => here().get("reference") ?? "";
const chosen = () => here().get("line") ?? "";
const token = () => sessionStorage.getItem("token") ?? "";

/** Return the address of something else of the same account. */
function linkTo(changes) {
  const there = here();
  for (const [name, value] of Object.entries(changes)) {
    if (value) there.set(name, value);
    else there.delete(name);
  }
  return `#${there}`;
}

function go(changes) {
  const there = linkTo(changes);
  history.pushState(null, "", there === "#" ? location.pathname : there);
  follow();
}

/* --- Asking --- */

/** An answer other than the one hoped for. */
class Refusal extends Error {
  constructor(status, title, detail = "") {
    super(title);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }

  /** Whether the same request may well succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Send a request for the account that is shown: a GET, or with a body a POST. */
async function ask(path, { body, signal } = {}) {
  if ([".", ".."].includes(account())) // a step within an address, which would lead to another account
    throw new Refusal(400, "No account has this name", `“${account()}” cannot be the name of an account.`);
  const headers = {};
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body) headers["Content-Type"] = "application/json";
  const method = body ? "POST" : "GET";
  const url = account() ? `accounts/${encodeURIComponent(account())}/${path}` : path;
  let response;
  try {
    response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, "The ledger cannot be reached", "Is it running, and are you online?");
  }
  const answer = await response.json().catch(() => null);
  if (signal?.aborted) throw signal.reason;
  if (response.ok && answer) return { answer, version: response.headers.get("ETag") };
  if (answer?.title) throw new Refusal(response.status, answer.title, answer.detail);
  throw new Refusal(response.ok ? 0 : response.status, ...inOurWords(response.status));
}

/** Explain what did not come from the ledger itself but from something on the way, which says a word or two at most. */
function inOurWords(status) {
  if (status === 401) return token() ? ["The token is invalid or has expired"] : ["This ledger needs a token"];
  if (status === 403) return ["The token does not allow this", "It lacks the scope, or is for another account."];
  if (status === 404) return ["There is nothing here", "Is this the address of the ledger?"];
  if (status === 429) return ["Too many requests at once", "Try again in a moment."];
  return ["The ledger is not answering", `Nothing is lost; try again in a moment. (Status ${status})`];
}

/** Say why something was refused, in the problem's own words, and offer to try again where that may help. */
function problemOf({ title, detail, passing }, again) {
  const rest = detail.startsWith(title) ? detail.slice(title.length).replace(/^\W+/, "") : detail; // may begin with it
  const problem = make("p", { className: "problem" }, make("strong", {}, title), rest);
  const onclick = () => retry(problem, again);
  if (passing && again) problem.append(make("button", { type: "button", onclick }, "Try again"));
  return problem;
}

/** Try again. The problem goes, and the keyboard's focus goes on to what it was about, or to what is wrong now. */
async function retry(problem, again) {
  const about = problem.closest("section") ?? part("balance");
  await again();
  if (document.activeElement !== document.body) return;
  (document.querySelector(".problem button") ?? about.querySelector("h1, h2")).focus();
}

/* --- Balance --- */

let now = {}; // the account as it stands
let version = "";
let total = 0;
let past = false; // whether the balance shown is that after a line
let bars = new Map(); // of each payer shown, what draws the part that a spend would take
let shownBalances = {};
let showAllPayers = false;
let waiting = 0;

/** Show the account as it stands. */
function showNow() {
  past = false;
  part("balance").classList.remove("past");
  part("balance-title").textContent = "Balance";
  part("refresh").textContent = "Refresh";
  part("as-of").hidden = true;
  part("spending").hidden = !total;
  showBalances(now.balances);
  part("nothing").hidden = Object.keys(now.balances).length > 0 || now.pending > 0;
  showComing();
  drawBars();
}

/** Show the balance as it was after a line. */
function showPast(balances, { sequence, recorded_at: recordedAt }) {
  past = true;
  part("balance").classList.add("past");
  part("balance-title").textContent = `Balance after #${points.format(sequence)}`;
  part("refresh").textContent = "Back to now";
  part("as-of").replaceChildren("as it was on ", when(recordedAt));
  part("as-of").hidden = false;
  for (const id of ["spending", "nothing", "coming", "legend"]) part(id).hidden = true;
  showBalances(balances);
}

function showBalances(balances) {
  shownBalances = balances;
  const shownTotal = sum(Object.values(balances));
  const payers = Object.entries(balances).sort(([, one], [, other]) => other - one);
  const shown = showAllPayers ? payers : payers.slice(0, PAYERS_SHOWN);
  bars = new Map();
  part("total").textContent = points.format(shownTotal);
  part("total").style.setProperty("--length", part("total").textContent.length);
  part("total-unit").textContent = shownTotal === 1 ? "point" : "points";
  part("payers").replaceChildren(...shown.map(([payer, of]) => payerRow(payer, of, payers[0][1])));
  part("all-payers").hidden = payers.length <= PAYERS_SHOWN;
  part("all-payers").setAttribute("aria-expanded", String(showAllPayers));
  part("all-payers").textContent = showAllPayers ? "Show fewer" : `Show all ${points.format(payers.length)} payers`;
}

function payerRow(payer, of, most) {
  const stays = make("span", { className: "stays" });
  const goes = make("span", { className: "goes" });
  const draw = (leaving) => {
    stays.style.width = `${(100 * (of - leaving)) / (most || 1)}%`;
    goes.style.width = `${(100 * leaving) / (most || 1)}%`;
  };
  bars.set(payer, draw);
  draw(0);
  return make(
    "li",
    {},
    isolated(payer),
    make("span", { className: of ? "points" : "points empty" }, points.format(of)),
    make("div", { className: "bar" }, stays, goes),
  );
}

function drawBars() {
  for (const [payer, draw] of bars) draw(taken.get(payer) ?? 0);
  part("legend").hidden = !taken.size;
  part("legend-amount").textContent = points.format(sum([...taken.values()]));
}

/** Show what is set aside, what is still to come, and what comes next. */
function showComing() {
  const { held, pending, next_lapse: lapse, next_arrival: arrival, next_expiry: expiry } = now;
  const rows = [];
  if (held) rows.push(comingRow("Set aside for orders", held, partOf(lapse, held, "back", "if not used")));
  if (pending) rows.push(comingRow("On the way", pending, partOf(arrival, pending, "due")));
  if (expiry) rows.push(comingRow("Next to expire", expiry.points, ["on ", when(expiry.at)]));
  part("coming").replaceChildren(...rows);
  part("coming").hidden = !rows.length;
}

function comingRow(title, amount, words) {
  return make(
    "div",
    {},
    make("dt", {}, title),
    make("dd", { className: "points" }, points.format(amount)),
    make("dd", { className: "note" }, ...words),
  );
}

/** Say when the first part of an amount comes, and how much that is unless it is all. */
function partOf({ at, points: of }, whole, comes, unless = "") {
  return [of === whole ? "" : `${points.format(of)} of them `, `${comes} on `, when(at), unless && ` ${unless}`];
}

/** Look again when the next thing is due. */
function wait() {
  clearTimeout(waiting);
  const next = [now.next_lapse, now.next_arrival, now.next_expiry].filter(Boolean).map(({ at }) => Date.parse(at));
  const pause = Math.min(...next) - Date.now();
  if (pause < LONGEST_WAIT_MS) waiting = setTimeout(look, pause > 0 ? pause + 1000 : LOOK_AGAIN_MS);
}

/* --- What a spend would take --- */

let taken = new Map();
let asking = new AbortController();
let typing = 0;

/** Read the amount that is typed or pasted. Throws what is wrong with it, unless it can be asked for. */
function amountAsked() {
  const text = part("amount").value.trim();
  if (!text) throw new Refusal(400, "How many points?", `A whole number, up to ${points.format(total)}.`);
  if (!/^(\d+|\d{1,3}(?:([,\s'’_])\d{3})(?:\2\d{3})*)$/.test(text)) throw new Refusal(400, ...misread(text));
  const amount = Number(text.replace(/\D/g, ""));
  if (amount < 1) throw new Refusal(400, "At least 1 point", "Nothing would be taken for 0.");
  if (amount <= Number.MAX_SAFE_INTEGER) return amount;
  const most = points.format(Number.MAX_SAFE_INTEGER);
  throw new Refusal(400, "Too many for any account", `No account can hold more than ${most} points.`);
}

/** Say what an amount looks like that is no whole number. */
function misread(text) {
  const quoted = `“${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`;
  if (/^[-−+]/.test(text)) return ["No sign, please", `${quoted} has one. Enter an amount of 1 or more.`];
  if (/[.,]\d{1,2}$/.test(text)) return ["Points are whole", `${quoted} has a fraction.`];
  if (/^\d{1,3}(\.\d{3})+$/.test(text)) {
    const thousands = points.format(Number(text.replaceAll(".", "")));
    return ["A dot can mean two things", `${quoted} may mean thousands or a fraction. For thousands, write ${thousands}.`];
  }
  return ["This is not a whole number", `${quoted} cannot be read. Write digits only, or in groups of three: 1,000.`];
}

/** Return the amount, or null if there is something wrong with it. */
function amountOrNull() {
  try {
    return amountAsked();
  } catch {
    return null;
  }
}

/** Return a round amount near a part of the balance. */
function roundPart(percent) {
  if (percent >= 100) return total;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(total / 100)));
  return Math.max(1, Math.round(((total / step) * percent) / 100) * step);
}

function setAmount(amount) {
  part("amount").value = points.format(amount);
}

function moveSlider() {
  part("share").value = Math.min(100, 100 * ((amountOrNull() ?? 0) / (total || 1)));
  part("share").setAttribute("aria-valuetext", `${part("amount").value || 0} points`);
}

function previewSoon() {
  clearTimeout(typing);
  typing = setTimeout(preview, TYPING_PAUSE_MS);
}

async function preview() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  part("taken").setAttribute("aria-busy", "true");
  try {
    const body = { points: amountAsked() };
    const { answer, version: stands } = await ask("spend/preview", { body, signal });
    if (signal.aborted) return;
    if (stands !== version) await show();
    part("taken-problem").replaceChildren();
    showTaken(answer);
  } catch (refusal) {
    if (signal.aborted) return;
    showTaken([]);
    part("taken-problem").replaceChildren(problemOf(refusal, preview));
  } finally {
    if (!signal.aborted) part("taken").setAttribute("aria-busy", "false");
  }
}

function showTaken(list) {
  taken = new Map(list.map(({ payer, points: of }) => [payer, -of]));
  part("taken").replaceChildren(
    ...list.map(({ payer, points: of }) =>
      make("li", {}, isolated(payer), make("span", { className: "points" }, points.format(-of))),
    ),
  );
  part("taken-said").textContent = list.map(({ payer, points: of }) => `${points.format(-of)} of ${payer}`).join(", ");
  if (!past) drawBars();
}

/* --- History, in words --- */

/** Name the payers of a list: all if they are few. */
function named(list) {
  const names = list.map((entry) => isolated(entry.payer));
  const others = names.length - PAYERS_NAMED + 1;
  if (others > 1) names.splice(-others, others, `${points.format(others)} more payers`);
  return names.flatMap((name, place) => [place === 0 ? "" : place === names.length - 1 ? " and " : ", ", name]);
}

const all = (list) => Math.abs(sum(list.map((entry) => entry.points)));
const back = ({ points: of, returned }) => [`${inPoints(of)} back to `, ...named(returned)];

const TITLES = {
  add: (it) => [isolated(it.payer)],
  spend: () => ["Spent"],
  refund: (it) => ["Order returned: ", ...back(it)],
  hold: (it) => [`${inPoints(-it.points)} set aside for an order`],
  capture: ({ taken: used, returned = [] }) =>
    returned.length
      ? [`Order paid with ${points.format(all(used))} of ${inPoints(all(used) + all(returned))} set aside`]
      : [`Order paid with the ${inPoints(all(used))} set aside`],
  void: (it) => ["Order called off: ", ...back(it)],
  lapse: (it) => ["No longer set aside: ", ...back(it)],
  pending: (it) => [`${inPoints(it.amount)} of `, isolated(it.payer), " on the way"],
  cancel: (it) => [`${inPoints(it.amount)} of `, isolated(it.payer), " cancelled"],
  arrive: (it) => [`${inPoints(it.points)} of `, isolated(it.payer), " arrived"],
  expire: (it) => [`${inPoints(-it.points)} of `, ...named(it.expired), " expired"],
};

const TIMES_OWN = new Set(["expire", "lapse", "arrive"]);
const DUE = { expire: "expired ", lapse: "was set aside until ", arrive: "arrived ", pending: "arrives " };
const EXPIRES = { hold: "set aside until ", add: "expires ", arrive: "expires ", pending: "expires " };

const lineLink = (sequence) => make("a", { href: linkTo({ line: sequence }) }, `#${points.format(sequence)}`);

/** List what is to be said of a transaction besides its title. */
function factsOf(it) {
  const facts = [when(it.recorded_at, time)];
  if (it.of) facts.push(make("span", {}, "of ", lineLink(it.of)));
  if (it.timestamp) facts.push(make("span", {}, it.points < 0 ? "taken back " : "earned ", when(it.timestamp)));
  if (it.effective_at) facts.push(make("span", {}, DUE[it.kind], when(it.effective_at)));
  if (it.expires_at) facts.push(make("span", {}, EXPIRES[it.kind], when(it.expires_at)));
  if (it.reference) {
    const link = make("a", { href: linkTo({ reference: it.reference, line: "" }) }, isolated(it.reference));
    facts.push(make("span", {}, "reference ", link));
  }
  return facts;
}

function historyLine(transaction) {
  const { sequence, kind, points: change, taken: from = [], returned: to = [], expired = [] } = transaction;
  const tone = change > 0 ? "plus" : change < 0 ? "minus" : "even";
  const link = lineLink(sequence);
  link.append(make("span", { className: "unseen" }, " details, and the balance after it"));
  const line = make(
    "li",
    { className: "line", tabIndex: -1 },
    make("p", { className: "what" }, ...TITLES[kind](transaction)),
    make("span", { className: `points ${tone}` }, withSign(change)),
  );
  const lists = [["Taken from", from], ["Back to", to], ["Expired", expired]].filter(([, list]) => list.length);
  for (const [name, list] of lists) {
    if (list.length > 1 || from.length) line.append(payersList(name, list, lists.length > 1)); // or the title says it
  }
  line.append(make("div", { className: "facts" }, link, ...factsOf(transaction)));
  line.dataset.sequence = sequence;
  line.dataset.day = day.format(new Date(transaction.recorded_at));
  line.onclick = (event) => {
    const own = event.target.closest("a, button, .opened");
    if (!own && !String(getSelection())) go({ line: chosen() === String(sequence) ? "" : sequence });
  };
  return line;
}

function payersList(name, list, titled) {
  const entries = list.map(({ payer: of, points: change }) =>
    make("li", {}, isolated(of), " ", make("b", {}, withSign(change))),
  );
  if (titled) entries.unshift(make("li", { className: "note", ariaHidden: "true" }, name));
  return make("ul", { className: "payers-changed", ariaLabel: name }, ...entries);
}

/* --- History, a page at a time --- */

let lines = new Map(); // sequence numbers and their lines, newest first
let cursor = null;

const historyPath = (from) =>
  `transactions?${new URLSearchParams({
    limit: PAGE,
    ...(reference() && { reference: reference() }),
    ...(from && { cursor: from }),
  })}`;

async function older() {
  const asked = cursor;
  part("older").disabled = true;
  part("older").textContent = "Loading…";
  try {
    const { answer } = await ask(historyPath(asked));
    if (asked !== cursor) return;
    cursor = answer.next_cursor;
    const added = answer.transactions.map((it) => [it.sequence, historyLine(it)]);
    lines = new Map([...lines, ...added]);
    showLines();
    added[0]?.[1].focus();
  } catch (refusal) {
    part("history-problem").replaceChildren(problemOf(refusal, older));
  } finally {
    part("older").disabled = false;
    part("older").textContent = "Older";
  }
}

/** Put the newest page before the lines that are shown already, or in their place if they do not meet. */
function mergeNewest({ transactions, next_cursor: next }) {
  const meets = transactions.some(({ sequence }) => lines.has(sequence));
  const fresh = transactions.filter(({ sequence }) => !lines.has(sequence)).map((it) => [it.sequence, historyLine(it)]);
  if (!meets) cursor = next;
  lines = new Map(meets ? [...fresh, ...lines] : fresh);
  showUnwritten(transactions[0]);
  showLines();
}

/** Say so if time has done something that no line tells yet. The version has the moment of what it did last. */
function showUnwritten(newest) {
  const latest = /\.(.+)"/.exec(version)?.[1];
  const told = newest && TIMES_OWN.has(newest.kind) && Date.parse(newest.effective_at) >= Date.parse(latest);
  part("unwritten").hidden = !latest || told || Boolean(reference());
}

/** Show the lines by the days on which they were written; the keyboard's focus stays where it is. */
function showLines() {
  const focused = document.activeElement;
  placeOpened();
  const days = new Map();
  for (const line of lines.values()) {
    if (!days.has(line.dataset.day)) days.set(line.dataset.day, make("ol"));
    days.get(line.dataset.day).append(line);
  }
  part("days").replaceChildren(...[...days].flatMap(([title, list]) => [make("h3", {}, title), list]));
  if (part("history").contains(focused)) focused.focus({ preventScroll: true });
  const [newest] = lines.keys();
  part("older").hidden = cursor === null;
  part("history-problem").replaceChildren();
  part("history-hint").hidden = !lines.size;
  part("history-note").textContent = shownOf(lines.size, newest);
}

function shownOf(count, newest) {
  if (!count) return reference() ? "Nothing has this reference." : "Nothing has happened yet.";
  return reference() ? `${points.format(count)} shown` : `${points.format(count)} of ${points.format(newest)} shown`;
}

/* --- One line, and the balance after it --- */

let opened = null;

/** Show the line that the address names, if any. */
async function openChosen() {
  const asked = here().toString();
  const sequence = chosen();
  closeLine();
  part("balance").setAttribute("aria-busy", String(Boolean(sequence)));
  if (!sequence) return showNow();
  const path = encodeURIComponent(sequence);
  try {
    const [{ answer: transaction }, { answer: balances }] = await Promise.all([
      ask(`transactions/${path}`),
      ask(`balance?at=${path}`),
    ]);
    if (asked !== here().toString()) return;
    openLine(transaction);
    showPast(balances, transaction);
    bringIntoSight(opened);
  } catch (refusal) {
    if (asked !== here().toString()) return;
    showNow();
    part("problem").replaceChildren(problemOf(refusal, openChosen));
  } finally {
    if (asked === here().toString()) part("balance").setAttribute("aria-busy", "false");
  }
}

/** Close the line that is open, if any. */
function closeLine() {
  part("problem").replaceChildren();
  part("linked").replaceChildren();
  opened?.querySelector(".opened").remove();
  opened?.removeAttribute("aria-current");
  opened = null;
}

/** Open a line with what is to be said of it. */
function openLine(transaction) {
  closeLine();
  opened = lines.get(transaction.sequence) ?? historyLine(transaction);
  opened.setAttribute("aria-current", "true");
  const more = [...fateOf(transaction), ...lotsOf(transaction), ...restOf(transaction)];
  opened.append(make("div", { className: "opened" }, ...more));
  showLines();
}

/** Put the open line in its place, or before all others as long as those around it are not shown. */
function placeOpened() {
  if (!opened) return;
  const sequence = Number(opened.dataset.sequence);
  const apart = !lines.has(sequence);
  part("linked").replaceChildren(...(apart ? [make("h3", {}, opened.dataset.day), make("ol", {}, opened)] : []));
  if (!apart) lines.set(sequence, opened);
}

/** Scroll to a line, unless its beginning is well in sight. */
function bringIntoSight(line) {
  const { top } = line.getBoundingClientRect();
  if (top < parseFloat(getComputedStyle(line).scrollMarginTop) || top > innerHeight * 0.75) line.scrollIntoView();
}

const FATES = {
  captured_by: "The order was paid",
  voided_by: "The order was called off",
  lapsed_by: "The points were not used in time",
  arrived_by: "The points arrived",
  cancelled_by: "The points were cancelled",
};

/** Say what has become of a transaction. */
function fateOf(transaction) {
  const ended = Object.keys(FATES).find((name) => name in transaction);
  return [ended && endOf(FATES[ended], transaction[ended]), leftOf(transaction, ended)].filter(Boolean);
}

function endOf(words, by) {
  if (by === null) return make("p", {}, `${words}. The next change will record that.`);
  return make("p", {}, `${words}: `, lineLink(by), ".");
}

function leftOf({ kind, left }, ended) {
  if (left === undefined || (ended && ended !== "captured_by")) return null;
  if (kind === "hold" && !ended) return make("p", {}, `${inPoints(left)} still set aside.`);
  const words = left ? `${inPoints(left)} can still come back if the order is returned.` : "All of it has come back.";
  return make("p", {}, words);
}

const DREW = { spend: "were spent, in this order", hold: "were set aside, in this order", expire: "expired" };

function lotsOf({ sequence, kind, lots, next_lots_cursor: next }) {
  if (!lots?.length) return [];
  return [lotsTable(lots, `The points that ${DREW[kind]}`), ...moreLots(sequence, next)];
}

/** Offer the rest of very many lots. */
function moreLots(sequence, from) {
  if (!from) return [];
  const more = make("button", { type: "button", className: "link" }, "More of them");
  more.onclick = async () => {
    more.disabled = true;
    try {
      const { answer } = await ask(`transactions/${sequence}?lots_cursor=${encodeURIComponent(from)}`);
      const table = lotsTable(answer.lots, "More of them");
      more.replaceWith(table, ...moreLots(sequence, answer.next_lots_cursor));
      table.focus();
    } catch (refusal) {
      more.replaceWith(problemOf(refusal), more);
      more.disabled = false;
    }
  };
  return [more];
}

function lotsTable(lots, caption) {
  const heads = ["Payer", "Earned", "Points"].map((head) => make("th", { scope: "col" }, head));
  const rows = lots.map(({ payer: from, timestamp, expires_at: expiresAt, points: of }) => {
    const earned = make("td", {}, when(timestamp));
    if (expiresAt) earned.append(make("span", { className: "note" }, " expires ", when(expiresAt)));
    return make("tr", {}, make("td", {}, isolated(from)), earned, make("td", { className: "points" }, withSign(of)));
  });
  return make(
    "table",
    { className: "lots", tabIndex: -1 },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
}

/** List what its caller gave with a transaction, and its digest. */
function restOf({ metadata = {}, digest }) {
  const rows = [...Object.entries(metadata), ["Digest", make("code", {}, digest)]].flatMap(([name, value]) => [
    make("dt", {}, isolated(name)),
    make("dd", {}, isolated(value)),
  ]);
  return [make("dl", { className: "rest" }, ...rows)];
}

/* --- The whole --- */

let shownFor = null; // the account and the reference that are shown

const wanted = () => JSON.stringify([account(), reference()]);

function busy(is) {
  part("shown").setAttribute("aria-busy", String(is));
  part("loading").hidden = !is || !part("shown").hidden;
}

/** Ask how the account stands and what happened last, and show it. Says whether that was possible. */
async function show() {
  const asked = shownFor;
  busy(true);
  try {
    const [{ answer, version: stands }, { answer: newest }] = await Promise.all([ask("account"), ask(historyPath())]);
    if (asked !== shownFor) return false;
    part("problem").replaceChildren();
    now = answer;
    if (stands !== version) showTaken([]); // it was of another balance
    version = stands;
    total = sum(Object.values(now.balances));
    part("shown").hidden = false;
    mergeNewest(newest);
    if (!past) showNow();
    wait();
    return true;
  } catch (refusal) {
    if (asked !== shownFor) return false;
    part("shown").hidden = true;
    refuse(refusal);
    return false;
  } finally {
    if (asked === shownFor) busy(false);
  }
}

/** Say why there is nothing to show: in the dialog, if a token may help, and else on the page. */
function refuse(refusal) {
  if (refusal.status === 401 || refusal.status === 403) signIn(refusal);
  else part("problem").replaceChildren(problemOf(refusal, start));
}

/** Show an account from the start. */
async function start() {
  asking.abort();
  clearTimeout(waiting);
  shownFor = wanted();
  showAllPayers = false;
  lines = new Map();
  cursor = null;
  part("shown").hidden = true;
  part("amount").value = "";
  part("account").textContent = account() || "Own account";
  part("filter").hidden = !reference();
  part("filter-reference").textContent = reference();
  closeLine();
  showTaken([]);
  if (!(await show())) return;
  await openChosen();
  await previewSome();
}

/** Preview the amount that is typed, or if none is, about two fifths of the balance. */
async function previewSome() {
  if (!total) return;
  if (!part("amount").value) setAmount(roundPart(40));
  moveSlider();
  await preview();
}

/** Go where the address says. The keyboard's focus stays with the history, if it was there. */
async function follow() {
  if (shownFor === wanted()) return openChosen();
  const inHistory = part("history").contains(document.activeElement);
  await start();
  if (inHistory) part(reference() ? "unfilter" : "history-title").focus();
}

/** Show what has happened since, keeping the amount and the place in the history. */
async function refresh() {
  if (await show()) await previewSome();
}

/** Come back to the page, or to a moment at which something is due: has anything happened meanwhile? */
async function look() {
  if (document.hidden || part("shown").hidden) return;
  const seen = await ask("account").catch(() => null);
  if (!seen) return;
  if (seen.version !== version) await refresh();
  else wait();
}

/* --- Which account, and by what right --- */

let unsaid = null; // why there is nothing to show, as long as the dialog says it

function signIn(refusal = null) {
  unsaid = refusal;
  part("name").value = account();
  part("token").value = token();
  part("sign-in-problem").hidden = !refusal;
  part("sign-in-problem").replaceChildren(...(refusal ? problemOf(refusal).childNodes : []));
  if (!part("sign-in").open) part("sign-in").showModal();
  if (refusal) part("token").focus();
}

part("sign-in-form").onsubmit = (event) => {
  event.preventDefault();
  unsaid = null;
  part("sign-in").close();
  sessionStorage.setItem("token", part("token").value.trim());
  shownFor = null; // another token may mean another account
  go({ account: part("name").value.trim(), reference: "", line: "" });
};
part("sign-in").onclose = () => {
  if (!unsaid) return;
  const problem = problemOf(unsaid);
  problem.append(make("button", { type: "button", onclick: () => signIn() }, "Enter a token"));
  part("problem").replaceChildren(problem);
};
part("cancel").onclick = () => part("sign-in").close();
part("who").onclick = () => signIn();
part("refresh").onclick = () => (past ? go({ line: "" }) : refresh());
part("unfilter").onclick = () => go({ reference: "", line: "" });
part("older").onclick = older;
part("all-payers").onclick = () => {
  showAllPayers = !showAllPayers;
  showBalances(shownBalances);
  if (!past) drawBars();
};
part("amount-form").onsubmit = (event) => {
  event.preventDefault();
  preview();
};
part("amount").oninput = () => {
  moveSlider();
  previewSoon();
};
part("amount").onchange = () => {
  const amount = amountOrNull();
  if (amount) setAmount(amount);
};
part("share").oninput = () => {
  setAmount(roundPart(Number(part("share").value)));
  moveSlider();
  previewSoon();
};
new ResizeObserver(([{ target }]) => {
  target.style.setProperty("--height", `${target.offsetHeight}px`);
}).observe(part("now"));
addEventListener("hashchange", follow);
document.addEventListener("visibilitychange", look);
start();
