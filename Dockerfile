FROM python:3.13-slim
RUN useradd --create-home --uid 1000 zhanggui && install -d -o zhanggui -m 700 /data
WORKDIR /srv/zhanggui
COPY requirements.txt .
RUN pip install --no-cache-dir --no-deps -r requirements.txt
COPY . .
RUN python -m compileall -q -j 0 app processes config.py run.py \
    && python -m app.panel.core.translations
USER zhanggui
ENV ZHANGGUI_HOME=/data HOST=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
HEALTHCHECK --start-period=60s --interval=15s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
CMD ["python", "run.py"]
