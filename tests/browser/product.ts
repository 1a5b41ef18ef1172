// The product that specs run against, and the person in front of it.
import { expect, type Page } from "@playwright/test";

export const known = JSON.parse(process.env.DOUGONG_KNOWN ?? "{}") as Record<string, string>;

/** Log in; whatever the console complains about fails the test at its end. */
export async function login(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto("/login");
  await page.fill("[name=username]", "li");
  await page.fill("[name=password]", known.password ?? "");
  await page.press("[name=password]", "Enter");
  await page.waitForURL((url) => url.pathname !== "/login");
  await expect(page.locator("h1")).toBeVisible();
  return complaints;
}

/** Choose in a select, whether it is shown as it is or behind a field that searches. */
export async function choose(page: Page, id: string, value: string | undefined): Promise<void> {
  await page.locator(`#${id}`).evaluate((select: HTMLSelectElement, wanted) => {
    select.value = wanted;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }, value ?? "");
}
