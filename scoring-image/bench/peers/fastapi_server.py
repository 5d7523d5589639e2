"""FastAPI under uvicorn. MODEL is the ONNX file, THREADS the number of pictures that a process scores at the same time."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import orjson
from fastapi import FastAPI, Request, Response
from picture import open_session, probabilities_of

app = FastAPI()
session = open_session(os.environ["MODEL"])
threads = int(os.environ["THREADS"])
pool = ThreadPoolExecutor(threads)


def answer_of(jpeg):
    scores = probabilities_of(session, jpeg)
    return orjson.dumps(scores[None], option=orjson.OPT_SERIALIZE_NUMPY)


@app.post("/score")
async def score(request: Request):
    jpeg = await request.body()
    if threads == 1:
        # Another thread would only cost a hand-over.
        answer = answer_of(jpeg)
    else:
        answer = await asyncio.get_running_loop().run_in_executor(pool, answer_of, jpeg)
    return Response(answer, media_type="application/json")
