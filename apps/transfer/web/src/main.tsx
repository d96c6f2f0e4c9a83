import "./design/tokens.css";
import "./design/base.css";
import "./design/components.css";
import "./app/app.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { createQueryClient } from "./api/queries";
import { App } from "./app/App";
import { applyTheme } from "./app/theme";
import { trustOwnScripts } from "./app/trusted-types";
import { clearToasts } from "./design/toasts";
import { load } from "./i18n/context";
import { preferredLanguage } from "./i18n/languages";
import { Keeper } from "./ward/keeper";

applyTheme();
trustOwnScripts();

const language = preferredLanguage();
void load(language);

const client = createQueryClient();
const keeper = new Keeper();
keeper.onForget = () => {
  client.clear();
  clearToasts();
};

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App language={language} keeper={keeper} client={client} />
  </StrictMode>,
);
