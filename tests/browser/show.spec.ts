// An approval from the line of YAML that describes it to the letter that says it is over: an administrator with the
// commands, the initiator at a desk, those who decide on phones, a worker with the real clock. Run by test_show.py.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, type Browser, type Page } from "@playwright/test";
import { known } from "./product.ts";

const phone = { width: 390, height: 800 };
const desk = { width: 1280, height: 860 };
/** What happens in other processes, on a machine that may be busy. */
const patient = { timeout: 60_000 };

interface Letter { to: string[]; subject: string; text: string }

/** A command of the product; [exit status, all it said]. */
function dougong(...words: string[]): [number, string] {
  try {
    const said = execFileSync(known.python ?? "", ["-c", known.program ?? "", ...words, "--data", known.data ?? ""],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return [0, said];
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return [status, `${stdout}${stderr}`];
  }
}

/** Change a document as an administrator does in his editor; what is to be changed must be there. */
function edit(file: string, ...changes: [string, string][]): void {
  const path = join(known.documents ?? "", file);
  let text = readFileSync(path, "utf8");
  for (const [old, wanted] of changes) {
    expect(text, file).toContain(old);
    text = text.replace(old, wanted);
  }
  writeFileSync(path, text);
}

/** The letters that somebody has got. */
function letters(name: string): Letter[] {
  const folder = known.letters ?? "";
  const files = readdirSync(folder).filter((one) => one.endsWith(".json")).sort();
  const all = files.map((one) => JSON.parse(readFileSync(join(folder, one), "utf8")) as Letter);
  return all.filter((one) => one.to.includes(`${name}@example.com`));
}

/** The letter with a subject, as soon as it has come; the link in it. */
async function link(name: string, subject: string, number = 1): Promise<string> {
  const found = (): Letter[] => letters(name).filter((one) => one.subject.startsWith(subject));
  await expect.poll(() => found().length, { ...patient, message: `${subject} for ${name}` }).toBeGreaterThanOrEqual(number);
  const address = /http:\/\/\S+\/tasks\/\S+/.exec(found()[number - 1]?.text ?? "");
  expect(address, `a link in the letter to ${name}`).not.toBeNull();
  return address?.[0] ?? "";
}

/** Come to an address as somebody who has to log in first. */
async function enter(browser: Browser, name: string, address: string, viewport: typeof desk): Promise<Page> {
  const context = await browser.newContext({ viewport, hasTouch: viewport.width < 600, isMobile: viewport.width < 600 });
  const page = await context.newPage();
  page.on("pageerror", (error) => { throw error; });
  await page.goto(address);
  await page.fill("[name=username]", name);
  await page.fill("[name=password]", known.password ?? "");
  await page.press("[name=password]", "Enter");
  await page.waitForURL((url) => url.pathname !== "/login");
  return page;
}

async function fits(page: Page): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, page.url()).toBeLessThanOrEqual(0);
}

const title = "Pumps for the north";

test("a changed approval is tried, published, gone through, and ends by its deadline", async ({ browser }) => {
  test.setTimeout(360_000);

  // The administrator: discounts above 15 % go to the director too, and who says nothing there for a moment agrees.
  const workflow = "workflows/quote_approval.yaml", scenario = "scenarios/quote_approval.yaml";
  edit(workflow,
    ["full_discount > 30 or total >= 500000", "full_discount > 15 or total >= 500000"],
    ["due: {in: 24wh, steps: [{at: 0, do: remind}]}",
      "due: {at: \"NOW() + DURATION(6, 'second')\", steps: [{at: 0, do: [remind, auto_agree]}]}"]);
  let [status, said] = dougong("model", "test", known.documents ?? "", "--scenario", "quote_to_the_manager");
  expect(status, said).toBe(1);
  expect(said).toContain("FAILED quote_to_the_manager");
  expect(said).toMatch(/scenarios\/quote_approval\.yaml:\d+/);
  [status, said] = dougong("model", "publish", known.documents ?? "");
  expect(status, `published although a scenario fails: ${said}`).toBe(1);
  edit(scenario,
    ["expect: {q: {status: approved}, state: approved, path: [submitted, manager]}",
      "expect: {tasks: {zhao: director}}\n  - {clock: 1m}\n"
      + "  - expect: {q: {status: approved}, state: approved, path: [submitted, manager, director]}"],
    ["- {as: wang, decide: agree}\n  - {as: li, update: q, set: {discount: 60}",
      "- {as: wang, decide: agree}\n  - {clock: 1m}\n  - {as: li, update: q, set: {discount: 60}"]);
  [status, said] = dougong("model", "test", known.documents ?? "");
  expect(status, said).toBe(0);
  [status, said] = dougong("model", "publish", known.documents ?? "");
  expect(status, said).toBe(0);
  expect(said).toContain("is live");

  // The initiator submits at his desk.
  const li = await enter(browser, "li", `/o/quote/${known.quote}`, desk);
  await li.getByRole("button", { name: "Submit: Quote approval" }).click();
  await expect(li.locator(".approvals")).toContainText("Waiting for: 王经理");

  // The manager gets a letter; its link leads through the login to the task on his phone. He asks one more.
  const boss = await enter(browser, "boss", await link("boss", "To do:"), phone);
  await expect(boss.locator("h1")).toContainText(title);
  const task = boss.url();
  await fits(boss);
  const agree = boss.getByRole("button", { name: "Agree" });
  const box = await agree.boundingBox();
  expect(box !== null && box.y + box.height <= phone.height && box.height >= 40, "in reach of the thumb").toBe(true);
  await boss.getByRole("link", { name: "More", exact: true }).tap();
  await boss.locator("summary", { hasText: "Add signers" }).tap();
  const signers = boss.locator("form").filter({ has: boss.locator('[name="action"][value="add_sign"]') });
  await signers.getByRole("combobox", { name: "People" }).fill("方");
  await boss.getByRole("option", { name: "方芳" }).click();
  await expect(signers.locator(".pick")).toContainText("方芳");
  await signers.getByRole("button", { name: "Add signers" }).tap();
  await expect(boss.locator(".story")).toContainText("asked 方芳 to sign first");

  const fang = await enter(browser, "fang", await link("fang", "To do:"), phone);
  await expect(fang.locator("h1")).toContainText(title);
  await fang.fill("[name=comment]", "The price is right.");
  await fang.getByRole("button", { name: "Agree" }).tap();
  await expect(fang.locator(".story")).toContainText("The price is right.");

  // He returns it, the initiator mends and submits it again, the manager sees what has changed and agrees.
  await boss.goto(task);
  await boss.locator("summary", { hasText: "Return" }).tap();
  const back = boss.locator("form").filter({ has: boss.locator('[name="action"][value="return"]') });
  await back.locator("[name=comment]").fill("Fewer of them, please.");
  await back.getByRole("button", { name: "Return" }).tap();
  await expect(boss.locator(".task-facts")).toContainText("Returned");

  await li.goto(await link("li", "To do:"));
  await expect(li.locator(".story")).toContainText("Fewer of them, please.");
  await li.getByRole("link", { name: "Edit the record" }).click();
  await li.fill("form.record [name=subject]", `${title}, fewer`);
  await li.locator("form.record .end button.primary").click();
  await li.waitForURL((url) => !url.pathname.endsWith("/edit"), patient);
  await li.goto("/tasks");
  await li.locator("a.open", { hasText: title }).click();
  await li.getByRole("button", { name: "Submit again" }).click();
  await expect(li.locator(".task-facts")).toContainText("round 2");

  await boss.goto("/tasks");
  await boss.locator("a.open", { hasText: title }).tap();
  await expect(boss.locator(".changes").first()).toContainText("fewer");
  await fits(boss);
  await boss.getByRole("button", { name: "Agree" }).tap();
  await expect(boss.locator(".task-facts")).toContainText(/Under way|Approved/);
  expect(await boss.locator(".story").getByText("agreed", { exact: false }).count()).toBeGreaterThanOrEqual(2);

  // The director says nothing: the worker lets his deadline pass and sends the letters.
  await link("zhao", "To do:");
  const over = await link("li", "Approved:");
  await li.goto(over);
  await expect(li.locator(".task-facts")).toContainText("Approved");
  await expect(li.locator(".story li").first()).toContainText("Approved");
  await expect(li.locator(".story")).toContainText("deadline");
  await li.goto(`/o/quote/${known.quote}`);
  await expect(li.locator("main")).toContainText("Approved");
  await expect(li.locator("main")).toContainText(`${title}, fewer`);

  // The drawn history: what was gone through, what was not, in both languages.
  for (const [language, approved, manager, limits, director] of [
    ["English", "Approved", "Manager", "Within the limits", "Director"],
    ["中文", "已通过", "直属上级", "限额以内", "上级的上级"],
  ] as const) {
    await li.goto(over);
    await li.locator("summary .face").click();
    await li.getByRole("button", { name: language }).click();
    const drawn = li.locator(".flow-box");
    await expect(drawn.locator(".is-done > .flow-card").last()).toContainText(approved);
    await expect(drawn.locator(".flow-way.is-off").first()).toContainText(limits);
    for (const step of [manager, director]) await expect(drawn.locator(".is-done", { hasText: step }).first()).toBeVisible();
    await expect(li.locator(".task-facts")).toContainText(approved);
    await fits(li);
  }
  expect(letters("zhao").length + letters("boss").length + letters("fang").length + letters("li").length)
    .toBe(readdirSync(known.letters ?? "").length);
  for (const one of [li, boss, fang]) await one.context().close();
});
