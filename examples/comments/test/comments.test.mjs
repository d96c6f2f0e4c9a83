import { commentBox } from "../../kit/comment-box.mjs";

commentBox("comments");
