// Pictures of the pages: desk and phone, both languages, light and dark. They go to the folder that SCREENS names.
// Which records to open is found by clicking, so the script knows no object by name.
import { test, type Page } from "@playwright/test";

const folder = process.env.SCREENS;
const only = process.env.ONLY;
const looks = [
  { name: "desk-light-zh", width: 1280, height: 860, scheme: "light", language: "zh" },
  { name: "desk-dark-en", width: 1280, height: 860, scheme: "dark", language: "en" },
  { name: "phone-light-en", width: 390, height: 844, scheme: "light", language: "en" },
  { name: "phone-dark-zh", width: 390, height: 844, scheme: "dark", language: "zh" },
] as const;

async function login(page: Page): Promise<void> {
  await page.goto("/login");
  await page.fill("#username", process.env.DOUGONG_USER ?? "admin");
  await page.fill("#password", process.env.DOUGONG_PASSWORD ?? "");
  await page.click("button.primary");
  await page.waitForURL((url) => url.pathname !== "/login");
}

async function choose(page: Page, name: string, value: string): Promise<void> {
  await page.goto("/me");
  await page.evaluate(
    async ([path, wanted]) => {
      const token = document.querySelector<HTMLInputElement>("input[name=_csrf]")?.value ?? "";
      await fetch(`/${path}`, { method: "POST", body: new URLSearchParams({ _csrf: token, [path]: wanted, next: "/" }) });
    },
    [name, value] as const,
  );
}

/** The addresses worth a picture: fixed pages, and for each entry of the menu its views, a record and a form. */
async function addresses(page: Page): Promise<Map<string, string>> {
  const found = new Map([["home", "/"], ["me", "/me"], ["search", "/search?q=a"], ["admin", "/admin"], ["users", "/admin/users"], ["audit", "/admin/audit"], ["missing", "/nothing"], ["tasks", "/tasks"], ["tasks-started", "/tasks?box=started"], ["notifications", "/notifications"]]);
  await page.goto("/tasks?box=started");
  const flow = await page.locator("a.open").first().getAttribute("href", { timeout: 2000 }).catch(() => null);
  if (flow !== null) found.set("flow", flow);
  await page.goto("/tasks");
  const task = await page.locator("a.open").first().getAttribute("href", { timeout: 2000 }).catch(() => null);
  if (task !== null) found.set("task", task);
  await page.goto("/");
  const entries = await page.locator("#menu a").evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""));
  const objects = new Set(entries.map((one) => /^\/o\/([a-z0-9_]+)/.exec(one)?.[1] ?? "").filter((one) => one !== ""));
  for (const name of [...objects].slice(0, Number(process.env.OBJECTS ?? 4))) {
    found.set(`${name}-list`, `/o/${name}`).set(`${name}-new`, `/o/${name}/new`);
    await page.goto(`/o/${name}`);
    const record = await page.locator("a.open").first().getAttribute("href", { timeout: 2000 }).catch(() => null);
    if (record !== null) found.set(`${name}-record`, record).set(`${name}-edit`, `${record}/edit`).set(`${name}-delete`, `${record}/delete`);
    const views = await page.locator(".tabs a").evaluateAll((all) => all.map((one) => [one.getAttribute("class") ?? "", one.getAttribute("href") ?? ""] as const));
    for (const [look, href] of views) if (!look.includes("look-list") && href.includes("view=")) found.set(`${name}-${look.replace("look-", "")}`, href);
  }
  return found;
}

test.skip(folder === undefined, "SCREENS names no folder for pictures");
test.setTimeout(600_000);
for (const look of looks) {
  test(`pictures ${look.name}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width: look.width, height: look.height }, colorScheme: look.scheme, hasTouch: look.width < 600 });
    const page = await context.newPage();
    await login(page);
    await choose(page, "language", look.language);
    for (const [name, address] of await addresses(page)) {
      if (only !== undefined && !new RegExp(only).test(name)) continue;
      await page.goto(address);
      await page.waitForTimeout(250);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) console.log(`${look.name} ${name}: ${wide} px wider than the screen`);
      await page.screenshot({ path: `${folder ?? ""}/${name}-${look.name}.png`, fullPage: look.width < 600 });
    }
    await context.close();
  });
}
