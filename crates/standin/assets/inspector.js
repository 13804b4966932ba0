// One log-in is one list, from authorize to user information; the newest stands first.
const flows = document.getElementById("flows");
const words = flows.dataset;
const element = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });
const REGISTRABLE = ["KOE006", "KOE205"];
const sections = new Map();

const section = (exchange) => {
  const key = exchange.flow || "other";
  if (!sections.has(key)) {
    const made = element("section", "", "panel");
    made.append(element("h2", exchange.flow ? `${words.flow} ${exchange.flow}` : words.other), element("ol", "", "time"));
    sections.set(key, made);
  }
  const found = sections.get(key);
  flows.prepend(found);
  return found.querySelector("ol");
};

const send = (path, body) =>
  fetch(path, { method: body ? "POST" : "GET", headers: { "kakaw-control": "1" }, body: body && JSON.stringify(body) });

const register = (exchange, button) =>
  send("inspector/register", { id: exchange.id })
    .then((answer) => (answer.ok ? words.mended : answer.json().then((json) => json.error_description)))
    .then((text) => { button.textContent = text; button.disabled = true; });

// What was sent stands above what is registered, marked from the first difference on.
const findings = (all) => {
  const told = (word) => all.find((finding) => finding.startsWith(word))?.slice(word.length).replace(/ \(the nearest of \d+\)$/, "").trim();
  const [sent, registered] = [told("received "), told("registered ")];
  const list = element("ul", "");
  for (const finding of all) list.append(element("li", finding));
  if (!sent || !registered) return [list];
  let same = 0;
  while (same < sent.length && sent[same] === registered[same]) same++;
  const both = element("pre", "");
  for (const text of [sent, registered]) both.append(text.slice(0, same), element("mark", text.slice(same)), "\n");
  return [both, list];
};

const row = (exchange) => {
  const item = element("li", "", exchange.code ? "bad" : "");
  const line = element("p", "");
  line.append(element("b", `${exchange.method} ${exchange.path}`), ` ${exchange.status} · ${(exchange.took_us / 1000).toFixed(1)} ms`);
  item.append(line);
  if (exchange.decision) item.append(element("p", exchange.decision));
  if (exchange.code) {
    const link = Object.assign(element("a", exchange.code), { href: `docs/errors/${exchange.code}` });
    item.append(link);
    item.append(...findings(exchange.diagnosis ?? []));
  }
  const details = element("details", "");
  details.append(element("summary", new Date(exchange.at).toLocaleTimeString(document.documentElement.lang)), element("pre", exchange.parameters.map(([name, value]) => `${name} = ${value}`).join("\n")));
  if (exchange.location) details.append(element("pre", `→ ${exchange.location}`));
  item.append(details);
  if (REGISTRABLE.includes(exchange.code)) {
    const button = element("button", words.mend, "btn small");
    button.addEventListener("click", () => register(exchange, button));
    item.append(button);
  }
  if (exchange.method === "GET" && exchange.path === "/oauth/authorize") {
    const query = new URLSearchParams(exchange.parameters.filter(([name]) => !name.startsWith("kakaw_")));
    item.append(Object.assign(element("a", words.repeat), { href: `oauth/authorize?${query}`, target: "_blank" }));
  }
  return item;
};

// Who is in the world; read again when it is opened and after each log-in's step.
const people = document.getElementById("people");
const person = ({ person, nickname, sessions, links }) => {
  const part = element("section", "", "panel");
  part.append(element("h2", nickname ? `${person} (${nickname})` : person), element("p", `${people.dataset.sessions}: ${sessions}`));
  for (const link of links.filter((link) => link.connected)) {
    const line = element("p", `${link.app_name} · ${link.user_id} · ${link.scopes.join(" ")} · ${people.dataset.tokens}: ${link.grants} `);
    const button = element("button", people.dataset.unlink, "btn small");
    button.addEventListener("click", () => send("control/v1/people/unlink", { app: link.app, user_id: link.user_id }).then(showPeople));
    line.append(button);
    part.append(line);
  }
  return part;
};
const showPeople = async () => {
  if (!people.open) return;
  const all = await (await send("control/v1/people")).json();
  people.querySelector("div").replaceChildren(...all.map(person));
};
people.addEventListener("toggle", showPeople);

new EventSource("inspector/events").onmessage = (event) => {
  const exchange = JSON.parse(event.data);
  section(exchange).append(row(exchange));
  showPeople();
};
